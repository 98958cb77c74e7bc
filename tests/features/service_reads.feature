Feature: Backends of the platform read what members read

  Background:
    Given the community "Makers" with the admin Grace and the members Ada and Bob
    And the course "Rust" with the minimum level 3

  Rule: A token with scope `gamification:read` reads every community without being a member: level, badges, levels, access.

    Scenario: A backend looks at a member's level
      Given Ada has earned 45 points
      When the classroom's backend looks at Ada's level
      Then the answer shows
        | field                | value   |
        | user_id              | Ada     |
        | level                | 3       |
        | level_name           | Builder |
        | total_points         | 45      |
        | level_threshold      | 30      |
        | next_level_threshold | 60      |
        | points_to_next_level | 15      |
        | is_max_level         | false   |

    Scenario: A backend draws badges
      Given Ada has earned 45 points
      When the classroom's backend asks for the badges of Bob, Ada and Zoe
      Then the badges are
        | member | level | level_name |
        | Bob    | 1     | Student    |
        | Ada    | 3     | Builder    |

    Scenario: A backend reads the levels, and has none of its own
      When the classroom's backend opens the level definitions
      Then the answer is 200
      And no level and no role are shown as the reader's own

    Scenario: A backend reads of every community
      Given the community "Bakers" with the admin Hugo
      When the classroom's backend looks at Hugo's level
      Then the answer is 200

    Scenario: A community that nobody has heard of
      Given we turn to the community "Nowhere"
      When the classroom's backend opens the level definitions
      Then the answer is 404 NOT_FOUND "Community not found"

    Scenario: A user whom the community has never had
      When the classroom's backend looks at Zoe's level
      Then the answer is 404 NOT_FOUND "Member not found"

    Scenario: Who left is still shown, and what they would need
      Given Ada has earned 45 points
      And Ada leaves
      When the classroom's backend looks at Ada's level
      Then the answer is 200

    Scenario Outline: Reading is all that the scope allows: a backend may not <operation>
      When the classroom's backend tries to <operation>
      Then the answer is 401 UNAUTHENTICATED
      And the default levels still stand

      Examples:
        | operation                     |
        | change the levels             |
        | preview the levels            |
        | read a course's minimum level |
        | set a course's minimum level  |

    Scenario: A token for reading sends no events
      When Ada reports her own post "Hello" with a token for "gamification:read"
      Then the answer is 403 FORBIDDEN "The token's scope must contain gamification:events:write"
      And the reason is MISSING_SCOPE

    Scenario: A token for sending events reads nothing
      When the platform's own token is used to read badges
      Then the answer is 401 UNAUTHENTICATED

  Rule: Access takes `?user_id=` for such tokens; for a user's own token the parameter is allowed only when it is themselves.

    Scenario: A classroom asks for a learner
      Given Ada has earned 45 points
      When the classroom's backend asks whether Ada may enter the course "Rust"
      Then the answer shows
        | field               | value   |
        | has_access          | true    |
        | required_level      | 3       |
        | required_level_name | Builder |
        | current_level       | 3       |

    Scenario: A learner whose level is too low
      When the classroom's backend asks whether Bob may enter the course "Rust"
      Then the answer shows
        | field               | value   |
        | has_access          | false   |
        | required_level      | 3       |
        | required_level_name | Builder |
        | current_level       | 1       |

    Scenario: A classroom asks for a learner's whole list
      When the classroom's backend asks which courses are open to Bob
      Then the answer is 200

    Scenario: A learner who left may not enter, and is not found
      Given Bob leaves
      When the classroom's backend asks whether Bob may enter the course "Rust"
      Then the answer is 404 NOT_FOUND "Member not found"

    Scenario: A learner whom the community has never had
      When the classroom's backend asks which courses are open to Zoe
      Then the answer is 404 NOT_FOUND "Member not found"

    Scenario: A classroom that does not say whose access it is
      When the classroom's backend asks whether somebody may enter the course "Rust"
      Then the answer is 400 BAD_REQUEST "user_id is missing: a service is no learner"

    Scenario: A member names themselves
      When Ada asks whether Ada may enter the course "Rust"
      Then the answer is 200

    Scenario: A member names somebody else
      When Ada asks whether Bob may enter the course "Rust"
      Then the answer is 403 FORBIDDEN "The token's scope must contain gamification:read"
      And the reason is MISSING_SCOPE

    Scenario: An admin names somebody else
      When Grace asks whether Bob may enter the course "Rust"
      Then the answer is 403 FORBIDDEN

  Rule: `GET …/levels` gains `current_user_role` (null for services) and `recalculating`.

    Scenario Outline: The role of <who>
      Given Bob becomes MODERATOR
      When <who> opens the level definitions
      Then the reader's own role is <role>

      Examples:
        | who   | role      |
        | Ada   | MEMBER    |
        | Bob   | MODERATOR |
        | Grace | ADMIN     |

    Scenario: Nothing is under way
      When Ada opens the level definitions
      Then nobody is being leveled up
