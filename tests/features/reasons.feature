Feature: Refusals say why, to programs

  Background:
    Given the community "Makers" with the admin Grace and the members Ada and Bob
    And the course "Rust" with the minimum level 3

  Rule: `INSUFFICIENT_LEVEL` problems carry `required_level`, `required_level_name`, `current_level`.

    Scenario: A gateway learns what is missing
      When a gateway asks whether Ada may enter the course "Rust"
      Then the answer is 403 INSUFFICIENT_LEVEL "Unlock at Level 3 - Builder"
      And the problem says
        | field               | value   |
        | required_level      | 3       |
        | required_level_name | Builder |
        | current_level       | 1       |

  Rule: `FORBIDDEN` problems carry `reason`: `NOT_A_MEMBER`, `NOT_AN_ADMIN`, `MISSING_SCOPE`.

    Scenario: A stranger
      When Zoe tries to read the levels
      Then the answer is 403 FORBIDDEN
      And the reason is NOT_A_MEMBER

    Scenario: Who left
      Given Bob leaves
      When Bob tries to read badges
      Then the reason is NOT_A_MEMBER

    Scenario: A member who is no admin
      When Ada tries to change the levels
      Then the answer is 403 FORBIDDEN
      And the reason is NOT_AN_ADMIN

    Scenario: A stranger who would be an admin is told first that they are no member
      When Zoe tries to change the levels
      Then the reason is NOT_A_MEMBER

    Scenario: A user's token sends no events
      When Ada reports her own post "Hello" with a token without a scope
      Then the answer is 403 FORBIDDEN
      And the reason is MISSING_SCOPE

  Rule: `errors[]` carry a stable `code` each.

    Scenario: Every mistake in the levels has its code
      When Grace saves the default levels with
        | level | name     | threshold |
        | 1     |          | 5         |
        | 2     | STUDENT  | 1         |
        | 3     |          | 1         |
        | 4     | " "      | 100       |
        | 5     |          | "many"    |
      Then the codes of the mistakes are
        | place               | code           |
        | /levels/0/threshold | INVALID        |
        | /levels/1/name      | NOT_UNIQUE     |
        | /levels/2/threshold | NOT_INCREASING |
        | /levels/3/name      | REQUIRED       |
        | /levels/4/threshold | INVALID        |

    Scenario: A gate that is none
      When Grace sets the minimum level of the course "Rust" to 12
      Then the codes of the mistakes are
        | place          | code    |
        | /minimum_level | INVALID |

    Scenario: A gate that is not named
      When Grace sets the minimum level of the course "Rust" without saying which
      Then the codes of the mistakes are
        | place          | code     |
        | /minimum_level | REQUIRED |
