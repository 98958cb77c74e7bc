Feature: Points make levels
  Nine levels; a level once reached stays.

  Background:
    Given the community "Makers" with the admin Grace and the members Ada and Bob

  Rule: A member is at the highest level whose threshold is ≤ their points

    Scenario Outline: With <points> points a member is at level <level>
      Given Ada has earned <points> points
      Then Ada has <points> points and is at level <level> "<name>"

      Examples: just below each default threshold, and exactly at it
        | points | level | name           |
        | 9      | 1     | Student        |
        | 10     | 2     | Practitioner   |
        | 29     | 2     | Practitioner   |
        | 30     | 3     | Builder        |
        | 59     | 3     | Builder        |
        | 60     | 4     | Leader         |
        | 99     | 4     | Leader         |
        | 100    | 5     | Mentor         |
        | 149    | 5     | Mentor         |
        | 150    | 6     | Empire Builder |
        | 209    | 6     | Empire Builder |
        | 210    | 7     | Ruler          |
        | 279    | 7     | Ruler          |
        | 280    | 8     | Legend         |
        | 359    | 8     | Legend         |
        | 360    | 9     | Icon           |

    Scenario: The tenth like lifts a member to level 2
      Given 9 people like Ada's post "Hello"
      When Bob likes Ada's post "Hello"
      Then Ada has 10 points and is at level 2 "Practitioner"
      And these MemberLeveledUp events are told about Ada
        | old_level | new_level | new_level_name |
        | 1         | 2         | Practitioner   |

    Scenario: One like too few doesn't
      When 9 people like Ada's post "Hello"
      Then Ada has 9 points and is at level 1 "Student"
      And no MemberLeveledUp event is told about Ada

  Rule: one award may skip levels.

    Scenario: A lesson lifts a member over several levels at once
      Given Grace has saved the default levels with
        | level | threshold |
        | 2     | 1         |
        | 3     | 2         |
        | 4     | 4         |
        | 5     | 5         |
      When Ada completes the lesson "Ownership" of the course "Rust"
      Then Ada has 5 points and is at level 5 "Mentor"
      And these MemberLeveledUp events are told about Ada
        | old_level | new_level | new_level_name |
        | 1         | 5         | Mentor         |

  Rule: Ratchet: a level once reached stays, whatever happens to points or thresholds: `level = max(level, level_for(points))`.

    Scenario: A like that is taken back takes the point, and leaves the level
      Given Ada has earned 9 points
      And Bob likes Ada's post "Hello"
      When Bob unlikes Ada's post "Hello"
      Then Ada has 9 points and is at level 2 "Practitioner"

    Scenario: The way to the next level is counted from the level that was kept
      Given Ada has earned 9 points
      And Bob likes Ada's post "Hello"
      When Bob unlikes Ada's post "Hello"
      Then Ada needs 21 points more for the next level

    Scenario: A level that was kept is not reached a second time
      Given Ada has earned 9 points
      And Bob likes Ada's post "Hello"
      And Bob unlikes Ada's post "Hello"
      When Bob likes Ada's post "Hello"
      Then Ada has 10 points and is at level 2 "Practitioner"
      And these MemberLeveledUp events are told about Ada
        | old_level | new_level | new_level_name |
        | 1         | 2         | Practitioner   |

    Scenario: Higher thresholds lower nobody
      Given Ada has earned 12 points
      When Grace saves the default levels with
        | level | threshold |
        | 2     | 20        |
      Then the answer is 200
      And Ada has 12 points and is at level 2 "Practitioner"
      And Ada needs 18 points more for the next level

    Scenario: Higher thresholds hold for those who come after
      Given Ada has earned 12 points
      And Grace has saved the default levels with
        | level | threshold |
        | 2     | 20        |
      When Bob earns 12 points
      Then Bob has 12 points and is at level 1 "Student"

  Rule: `points_to_next_level = threshold(level + 1) − total_points`; nobody but the member sees it; none at level 9.

    Scenario: A beginner needs the whole second threshold
      Then Ada needs 10 points more for the next level

    Scenario: Every point shortens the way
      Given Ada has earned 45 points
      Then Ada needs 15 points more for the next level
      When Ada writes the post "Hello"
      Then Ada needs 13 points more for the next level

    Scenario: The way follows the community's own thresholds
      Given Ada has earned 8 points
      When Grace saves the default levels with
        | level | threshold |
        | 2     | 25        |
      Then Ada needs 17 points more for the next level

    Scenario: Above level 9 there is nothing
      Given Ada has earned 360 points
      Then no next level is shown to Ada

  Rule: Points keep counting past level 9.

    Scenario: An icon goes on earning
      Given Ada has earned 360 points
      When Ada writes the post "Hello"
      Then Ada has 362 points and is at level 9 "Icon"

  Rule: A member who has done nothing is at level 1 with 0 points, and exists for badges and for the distribution from the moment they join.

    Scenario: A newcomer is there at once
      When Eve joins
      Then Eve has 0 points and is at level 1 "Student"
      And Bob sees 100% of the members at level 1

    Scenario: A newcomer has a badge
      Given Eve joins
      When Bob asks for the badges of Eve
      Then the badges are
        | member | level | level_name |
        | Eve    | 1     | Student    |
