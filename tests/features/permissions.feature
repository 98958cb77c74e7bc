Feature: Who may do what

  Background:
    Given the community "Makers" with the admin Grace and the members Ada and Bob
    And the course "Rust" is created

  Rule: Everything needs a valid JWT.

    Scenario Outline: Without a token nobody may <operation>
      When somebody without a token tries to <operation>
      Then the answer is 401 UNAUTHENTICATED "A bearer token is required"
      And the answer asks for a bearer token

      Examples:
        | operation                     |
        | read a member's level         |
        | read a member's history       |
        | read badges                   |
        | read the leaderboards         |
        | page through a leaderboard    |
        | read the levels               |
        | change the levels             |
        | read the access to a course   |
        | read the access to all courses |
        | read a course's minimum level |
        | set a course's minimum level  |

    Scenario: Without a token nobody reports events
      When somebody without a token reports a post
      Then the answer is 401 UNAUTHENTICATED "A bearer token is required"
      And the answer asks for a bearer token
      And Ada has 0 points

    Scenario: A right token opens the door
      When a token of Ada's that is right is used to read the levels
      Then the answer is 200

    Scenario Outline: A token that <flaw> is none
      When a token of Ada's that <flaw> is used to read the levels
      Then the answer is 401 UNAUTHENTICATED "The bearer token is not valid"
      And the answer asks for another bearer token

      Examples:
        | flaw                          |
        | has expired                   |
        | never expires                 |
        | is not valid yet              |
        | names no user                 |
        | is signed with another secret |
        | is not signed at all          |

    Scenario: A token that has expired says so to programs
      When a token of Ada's that has expired is used to read the levels
      Then the answer is 401 UNAUTHENTICATED
      And the challenge says that the token has expired

    Scenario: A token with another flaw does not say which
      When a token of Ada's that is signed with another secret is used to read the levels
      Then the challenge does not say that the token has expired

    Scenario: The platform's own token is no member
      When the platform's own token is used to read the levels
      Then the answer is 401 UNAUTHENTICATED

  Rule: Reading needs membership in that community.

    Scenario Outline: A member may <operation>
      When Bob tries to <operation>
      Then the answer is 200

      Examples:
        | operation                     |
        | read a member's level         |
        | read badges                   |
        | read the leaderboards         |
        | page through a leaderboard    |
        | read the levels               |
        | read the access to a course   |
        | read the access to all courses |

    Scenario Outline: A stranger may not <operation>
      When Zoe tries to <operation>
      Then the answer is 403 FORBIDDEN

      Examples:
        | operation                     |
        | read a member's level         |
        | read badges                   |
        | read the leaderboards         |
        | page through a leaderboard    |
        | read the levels               |
        | read the access to a course   |
        | read the access to all courses |

    Scenario: Who left may read no more
      Given Bob leaves
      When Bob tries to read the levels
      Then the answer is 403 FORBIDDEN

    Scenario: Who came back may read again
      Given Bob leaves
      And Bob joins
      When Bob tries to read the levels
      Then the answer is 200

    Scenario: A community that nobody has heard of
      Given we turn to the community "Nowhere"
      When Ada tries to read the levels
      Then the answer is 404 NOT_FOUND "Community not found"

  Rule: Changing levels or course requirements needs its `ADMIN` role (`MEMBER` and `MODERATOR` may not).

    Scenario Outline: An admin may <operation>
      When Grace tries to <operation>
      Then the answer is 200

      Examples:
        | operation                     |
        | change the levels             |
        | read a course's minimum level |
        | set a course's minimum level  |

    Scenario Outline: <who> may not <operation>
      Given Bob becomes MODERATOR
      When <who> tries to <operation>
      Then the answer is 403 FORBIDDEN
      And the default levels still stand
      And Ada may enter the course "Rust"

      Examples: a member, a moderator and a stranger
        | who | operation                     |
        | Ada | change the levels             |
        | Ada | read a course's minimum level |
        | Ada | set a course's minimum level  |
        | Bob | change the levels             |
        | Bob | read a course's minimum level |
        | Bob | set a course's minimum level  |
        | Zoe | change the levels             |
        | Zoe | read a course's minimum level |
        | Zoe | set a course's minimum level  |

    Scenario: A member who is made an admin may at once
      Given Bob becomes ADMIN
      When Bob tries to change the levels
      Then the answer is 200

    Scenario: An admin who is one no longer may not
      Given Bob becomes ADMIN
      And Bob becomes MEMBER
      When Bob tries to change the levels
      Then the answer is 403 FORBIDDEN
      And the default levels still stand

    Scenario: An admin who left may not
      Given Bob becomes ADMIN
      And Bob leaves
      When Bob tries to change the levels
      Then the answer is 403 FORBIDDEN
      And the default levels still stand

    Scenario: Who may not is told so before the body is looked at
      When Ada tries to change the levels to junk
      Then the answer is 403 FORBIDDEN
      When Grace tries to change the levels to junk
      Then the answer is 422 VALIDATION_ERROR

  Rule: No user token can award points.

    Scenario: A member can't report a post of her own
      When Ada reports her own post "Hello" with a token without a scope
      Then the answer is 403 FORBIDDEN
      And Ada has 0 points

    Scenario: Nor can an admin
      When Grace reports her own post "Hello" with a token without a scope
      Then the answer is 403 FORBIDDEN
      And Grace has 0 points

    Scenario: A scope that only looks like the right one
      When Ada reports her own post "Hello" with a token for "gamification:events:read gamification:events"
      Then the answer is 403 FORBIDDEN
      And Ada has 0 points

    Scenario: The right scope, among others
      When Ada reports her own post "Hello" with a token for "openid gamification:events:write"
      Then the answer is 200
      And Ada has 2 points

  Rule: Nothing of one community is visible from another.

    Scenario: A member of one community reads nothing of another
      Given the community "Bakers" with the admin Hugo
      When Ada tries to read the levels
      Then the answer is 403 FORBIDDEN

    Scenario: An admin of one community changes nothing in another
      Given the community "Bakers" with the admin Hugo
      When Grace tries to change the levels
      Then the answer is 403 FORBIDDEN
      And the default levels still stand

    Scenario: Points of one community don't count in another
      Given Ada has earned 30 points
      And the community "Bakers" with the admin Hugo and the member Ada
      Then Ada has 0 points and is at level 1 "Student"
      And Hugo sees 100% of the members at level 1

    Scenario: A member of another community is no member here
      Given the community "Bakers" with the admin Hugo
      When Hugo looks at Ada's level
      Then the answer is 404 NOT_FOUND "Member not found"

    Scenario: Badges of another community are not given here
      Given the community "Bakers" with the admin Hugo
      When Hugo asks for the badges of Ada, Hugo and Grace
      Then the badges are
        | member | level | level_name |
        | Hugo   | 1     | Student    |

    Scenario: A course of another community is unknown here
      Given the community "Bakers" with the admin Hugo
      When Hugo asks for access to the course "Rust"
      Then the answer is 404 NOT_FOUND "Course not found"

    Scenario: No gate is set on a course of another community
      Given the community "Bakers" with the admin Hugo
      When Hugo sets the minimum level of the course "Rust" to 9
      Then the answer is 404 NOT_FOUND "Course not found"
      When we turn to the community "Makers"
      Then Ada may enter the course "Rust"

  Rule: path id is no UUID, JSON malformed, unknown or repeated query parameter, too many ids

    Scenario: A parameter that nobody knows
      When Ada tries to read a member's level with a parameter that is unknown
      Then the answer is 400 BAD_REQUEST

    Scenario: A parameter twice
      When Ada tries to read badges with a repeated parameter
      Then the answer is 400 BAD_REQUEST

    Scenario: An id that is none
      When Ada tries to read the level of a member whose id is no UUID
      Then the answer is 400 BAD_REQUEST "user_id must be a UUID"
