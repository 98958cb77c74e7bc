Feature: Courses that ask for a level

  Background:
    Given the community "Makers" with the admin Grace and the members Ada and Bob

  Rule: No requirement: open to every member.

    Scenario: A course that asks for nothing
      Given the course "Rust" is created
      When Ada asks for access to the course "Rust"
      Then the answer shows
        | field               | value |
        | has_access          | true  |
        | required_level      | null  |
        | required_level_name | null  |
        | current_level       | 1     |

    Scenario: A course that the community doesn't have
      When Ada asks for access to the course "Cobol"
      Then the answer is 404 NOT_FOUND "Course not found"

    Scenario: A course that is gone
      Given the course "Rust" is created
      When the course "Rust" is deleted
      And Ada asks for access to the course "Rust"
      Then the answer is 404 NOT_FOUND "Course not found"

  Rule: An admin sets a minimum level (1 to 9) on a course, or removes it (`null`).

    Scenario: A gate is set
      Given the course "Rust" is created
      When Grace sets the minimum level of the course "Rust" to 3
      Then the answer shows
        | field         | value |
        | course_id     | Rust  |
        | minimum_level | 3     |
      And Ada may not enter the course "Rust"

    Scenario: A gate is read
      Given the course "Rust" with the minimum level 4
      When Grace asks for the minimum level of the course "Rust"
      Then the answer shows
        | field         | value |
        | course_id     | Rust  |
        | minimum_level | 4     |

    Scenario: A gate is removed
      Given the course "Rust" with the minimum level 3
      When Grace sets the minimum level of the course "Rust" to null
      Then the answer shows
        | field         | value |
        | course_id     | Rust  |
        | minimum_level | null  |
      And Ada may enter the course "Rust"

    Scenario: Level 1 is a requirement that everybody meets
      Given the course "Rust" with the minimum level 1
      Then Ada may enter the course "Rust"

    Scenario: The highest gate opens at the highest level
      Given the course "Rust" with the minimum level 9
      And Ada has earned 359 points
      Then Ada may not enter the course "Rust"
      When Bob likes Ada's post "Hello"
      Then Ada may enter the course "Rust"

    Scenario Outline: <level> is no level
      Given the course "Rust" with the minimum level 2
      When Grace sets the minimum level of the course "Rust" to <level>
      Then the answer is 422 VALIDATION_ERROR "Minimum level must be a number from 1 to 9, or null"
      And Ada may not enter the course "Rust"

      Examples:
        | level |
        | 0     |
        | 10    |
        | -1    |
        | 2.5   |
        | "3"   |

    Scenario: The minimum level must be said
      Given the course "Rust" with the minimum level 2
      When Grace sets the minimum level of the course "Rust" without saying which
      Then the answer is 422 VALIDATION_ERROR "Minimum level is required"
      And Ada may not enter the course "Rust"

    Scenario: A gate needs a course
      When Grace sets the minimum level of the course "Cobol" to 3
      Then the answer is 404 NOT_FOUND "Course not found"

  Rule: Access is decided by the member's current (ratcheted) level against the present requirement: lowering it opens at once, raising it closes at once.

    Scenario: Below the level
      Given the course "Rust" with the minimum level 3
      And Ada has earned 29 points
      When Ada asks for access to the course "Rust"
      Then the answer shows
        | field               | value   |
        | has_access          | false   |
        | required_level      | 3       |
        | required_level_name | Builder |
        | current_level       | 2       |

    Scenario: Exactly at the level
      Given the course "Rust" with the minimum level 3
      And Ada has earned 30 points
      When Ada asks for access to the course "Rust"
      Then the answer shows
        | field               | value   |
        | has_access          | true    |
        | required_level      | 3       |
        | required_level_name | Builder |
        | current_level       | 3       |

    Scenario: A gate opens with the point that was missing
      Given the course "Rust" with the minimum level 2
      And Ada has earned 9 points
      Then Ada may not enter the course "Rust"
      When Ada writes the comment "Welcome"
      Then Ada may enter the course "Rust"

    Scenario: A level that was kept keeps the gate open
      Given the course "Rust" with the minimum level 2
      And Ada has earned 9 points
      And Bob likes Ada's post "Hello"
      When Bob unlikes Ada's post "Hello"
      Then Ada has 9 points
      And Ada may enter the course "Rust"

    Scenario: A lowered gate opens at once
      Given the course "Rust" with the minimum level 5
      And Ada has earned 30 points
      Then Ada may not enter the course "Rust"
      When Grace sets the minimum level of the course "Rust" to 3
      Then Ada may enter the course "Rust"

    Scenario: A raised gate closes at once
      Given the course "Rust" with the minimum level 2
      And Ada has earned 30 points
      Then Ada may enter the course "Rust"
      When Grace sets the minimum level of the course "Rust" to 4
      Then Ada may not enter the course "Rust"

    Scenario: Lower thresholds open a gate
      Given the course "Rust" with the minimum level 2
      And Ada has earned 6 points
      When Grace saves the default levels with
        | level | threshold |
        | 2     | 6         |
      Then Ada may enter the course "Rust"

    Scenario: One request for all the locks of the community
      Given the course "Rust" with the minimum level 3
      And the course "Gardening" is created
      And the course "Baking" is created
      And the course "Baking" is deleted
      And Ada has earned 10 points
      When Ada asks for access to every course
      Then the courses are
        | course_id | title     | has_access | required_level | required_level_name | current_level |
        | Rust      | Rust      | false      | 3              | Builder             | 2             |
        | Gardening | Gardening | true       | null           | null                | 2             |

    Scenario: Just some of the locks
      Given the course "Rust" with the minimum level 3
      And the course "Gardening" is created
      When Ada asks for access to just the courses Rust and Cobol
      Then the courses are
        | course_id | title     | has_access | required_level | required_level_name | current_level |
        | Rust      | Rust      | false      | 3              | Builder             | 1             |

  Rule: `Unlock at Level {X} - {Name}`

    Scenario: A gateway is told what is missing
      Given the course "Rust" with the minimum level 3
      When a gateway asks whether Ada may enter the course "Rust"
      Then the answer is 403 INSUFFICIENT_LEVEL "Unlock at Level 3 - Builder"

    Scenario: In the community's own words
      Given the course "Rust" with the minimum level 6
      And Grace names level 6 "R&amp;D <b>Lead</b>"
      When a gateway asks whether Ada may enter the course "Rust"
      Then the answer is 403 INSUFFICIENT_LEVEL "Unlock at Level 6 - R&D Lead"

    Scenario: A gateway lets those in who may
      Given the course "Rust" with the minimum level 3
      And Ada has earned 30 points
      When a gateway asks whether Ada may enter the course "Rust"
      Then the answer is 200

  Rule: Staff get no exception; the caller may add one.

    Scenario: An admin below the level
      Given the course "Rust" with the minimum level 2
      Then Grace may not enter the course "Rust"

    Scenario: A moderator below the level
      Given the course "Rust" with the minimum level 2
      And Bob becomes MODERATOR
      Then Bob may not enter the course "Rust"
