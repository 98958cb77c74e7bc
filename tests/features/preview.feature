Feature: Admins see what other levels would do

  Background:
    Given the community "Makers" with the admin Grace and the members Ada and Bob

  Rule: `POST …/levels/preview`: what a configuration would do, changing nothing: members per level now and then, how many rise, 30 of them by name.

    Scenario: Lower thresholds
      Given Ada has earned 8 points
      And Bob has earned 3 points
      When Grace previews the default levels with
        | level | threshold |
        | 2     | 3         |
        | 3     | 8         |
      Then 2 members would rise
        | member | level_now | level_then |
        | Ada    | 1         | 3          |
        | Bob    | 1         | 2          |
      And the members at levels 1, 2 and 3 are 3, 0 and 0 now, and would be 1, 1 and 1
      And Ada has 8 points and is at level 1 "Student"
      And the default levels still stand

    Scenario: Higher thresholds lower nobody
      Given Ada has earned 12 points
      When Grace previews the default levels with
        | level | threshold |
        | 2     | 20        |
      Then nobody would rise
      And the members at levels 1, 2 and 3 are 2, 1 and 0 now, and would be 2, 1 and 0

    Scenario: Names alone lift nobody
      Given Ada has earned 9 points
      When Grace previews the default levels with
        | level | name       |
        | 2     | Apprentice |
      Then nobody would rise

    Scenario: Who left is not counted
      Given Ada has earned 8 points
      And Ada leaves
      When Grace previews the default levels with
        | level | threshold |
        | 2     | 3         |
      Then nobody would rise

    Scenario: More than thirty would rise, and thirty are named
      Given 40 more members with 2 points each
      When Grace previews the default levels with
        | level | threshold |
        | 2     | 2         |
      Then 40 members would rise, 30 of them named

    Scenario: A preview has the mistakes of a change
      When Grace previews the default levels with
        | level | threshold |
        | 1     | 5         |
      Then the answer is 422 VALIDATION_ERROR "Level 1 threshold must be 0"

    Scenario: A preview is for admins
      When Ada tries to preview the levels
      Then the answer is 403 FORBIDDEN
      And the reason is NOT_AN_ADMIN

    Scenario: A preview tells what the change then does
      Given Ada has earned 8 points
      When Grace previews the default levels with
        | level | threshold |
        | 2     | 8         |
      Then 1 members would rise
        | member | level_now | level_then |
        | Ada    | 1         | 2          |
      When Grace saves the default levels with
        | level | threshold |
        | 2     | 8         |
      Then the answer is 200
      And Ada has 8 points and is at level 2 "Practitioner"
