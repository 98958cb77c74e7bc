Feature: Polling is cheap and never stale

  Background:
    Given the community "Makers" with the admin Grace and the members Ada and Bob
    And the course "Rust" with the minimum level 2

  Rule: `ETag`/`If-None-Match` → 304 on levels, badges and access lists; `Cache-Control: private, no-cache`.

    Scenario Outline: Nothing has changed: <what>
      When Ada tries to <what>
      And Ada asks for the same again, naming what she has
      Then the answer is 304
      And the answer has no body
      And the answer may be kept by its reader, who asks each time

      Examples:
        | what                           |
        | read the levels                |
        | read badges                    |
        | read the access to all courses |

    Scenario Outline: An award is seen at once: <what>
      When Bob tries to <what>
      And Ada earns 12 points
      And Bob asks for the same again, naming what he has
      Then the answer is 200

      Examples:
        | what            |
        | read the levels |
        | read badges     |

    Scenario: One's own way through a gate is seen at once
      When Ada tries to read the access to all courses
      And Ada earns 12 points
      And Ada asks for the same again, naming what she has
      Then the answer is 200

    Scenario: A new name is seen at once
      When Ada tries to read badges
      And Grace names level 1 "Newcomer"
      And Ada asks for the same again, naming what she has
      Then the answer is 200

    Scenario: What others have is nothing to a reader
      When Ada tries to read the levels
      And Grace asks for the same again, naming what Ada has
      Then the answer is 200

    Scenario: Any answer will do
      When Ada tries to read the levels
      And Ada asks for the same again, naming "*"
      Then the answer is 304

    Scenario: One of several
      When Ada tries to read the levels
      And Ada asks for the same again, naming several, and what she has among them
      Then the answer is 304

    Scenario: What was said to be weak compares as well
      When Ada tries to read the levels
      And Ada asks for the same again, naming what she has as weak
      Then the answer is 304

  Rule: `If-Match` keeps working: it compares the version only.

    Scenario: The distribution may change under an admin who edits
      Given Grace opens the level definitions
      And Ada has earned 12 points
      When Grace, unless somebody changed them since, saves the default levels with
        | level | name       |
        | 2     | Apprentice |
      Then the answer is 200

    Scenario: Another's change may not
      Given Grace opens the level definitions
      And Grace names level 2 "Apprentice"
      When Grace, unless somebody changed them since, saves the default levels with
        | level | name    |
        | 2     | Learner |
      Then the answer is 412 PRECONDITION_FAILED

  Rule: `X-Request-Id` on every answer, taken over from the caller when sensible.

    Scenario: An answer has an id
      When Ada tries to read the levels
      Then the answer has a request id

    Scenario: A refusal has the id that it names
      When Zoe tries to read the levels
      Then the answer has the request id that the problem names

    Scenario: The caller's own id
      When Ada reads the levels as the request "checkout-42/7"
      Then the answer has the request id "checkout-42/7"

    Scenario: An id that could do harm is not taken over
      When Ada reads the levels as the request "<script>alert(1)</script>"
      Then the answer has a request id
      And the answer has another request id than "<script>alert(1)</script>"

  Rule: `HEAD` where there is `GET`.

    Scenario Outline: Only the head: <what>
      When Ada asks for the head only, to <what>
      Then the answer is 200
      And the answer has no body

      Examples:
        | what                           |
        | read the levels                |
        | read a member's level          |
        | read a member's history        |
        | read badges                    |
        | read the access to a course    |

    Scenario: The head of a refusal
      When Zoe asks for the head only, to read the levels
      Then the answer's status is 403

  Rule: Compression (gzip, brotli) for answers over 1 KiB.

    Scenario Outline: A large answer in <encoding>
      Given 100 more members with 0 points each
      When Ada reads 100 badges and takes <encoding>
      Then the answer is compressed with <encoding>

      Examples:
        | encoding |
        | gzip     |
        | br       |

    Scenario: A large answer for who takes nothing of it
      Given 100 more members with 0 points each
      When Ada reads 100 badges and takes identity
      Then the answer is not compressed

    Scenario: A small answer
      Given 1 more members with 0 points each
      When Ada reads 1 badge and takes gzip
      Then the answer is not compressed

    Scenario: A compressed answer is known again
      Given 100 more members with 0 points each
      When Ada reads 100 badges and takes gzip
      And Ada reads them again, naming what she has
      Then the answer is 304

    Scenario Outline: Other bytes have another tag: <encoding>
      Given 100 more members with 0 points each
      Then 100 badges have another tag for Ada in <encoding> than as they are

      Examples:
        | encoding |
        | gzip     |
        | br       |
