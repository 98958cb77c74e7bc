Feature: Admins name the levels and set their thresholds

  Background:
    Given the community "Makers" with the admin Grace and the members Ada and Bob

  Rule: Changing thresholds recalculates everybody in the community at once, ratchet respected, one `MemberLeveledUp` per member who rose.

    Scenario: Lower thresholds lift everybody who reaches them
      Given Ada has earned 8 points
      And Bob has earned 3 points
      When Grace saves the default levels with
        | level | threshold |
        | 2     | 3         |
        | 3     | 8         |
      Then the answer is 200
      And Ada has 8 points and is at level 3 "Builder"
      And Bob has 3 points and is at level 2 "Practitioner"
      And these MemberLeveledUp events are told about Ada
        | old_level | new_level | new_level_name |
        | 1         | 3         | Builder        |
      And these MemberLeveledUp events are told about Bob
        | old_level | new_level | new_level_name |
        | 1         | 2         | Practitioner   |
      And no MemberLeveledUp event is told about Grace

    Scenario: The same thresholds again tell nobody anything
      Given Ada has earned 12 points
      When Grace saves the default levels
      Then the answer is 200
      And these MemberLeveledUp events are told about Ada
        | old_level | new_level | new_level_name |
        | 1         | 2         | Practitioner   |

    Scenario: Names alone lift nobody
      Given Ada has earned 9 points
      When Grace saves the default levels with
        | level | name       |
        | 2     | Apprentice |
      Then Ada has 9 points and is at level 1 "Student"
      And no MemberLeveledUp event is told about Ada

    Scenario: Who left rises with the others, and finds it on return
      Given Ada has earned 8 points
      And Ada leaves
      And Grace has saved the default levels with
        | level | threshold |
        | 2     | 8         |
      When Ada joins
      Then Ada has 8 points and is at level 2 "Practitioner"

    Scenario: The thresholds of one community mean nothing in another
      Given Ada has earned 8 points
      And the community "Bakers" with the admin Hugo and the member Ada
      And Ada has earned 8 points
      When Hugo saves the default levels with
        | level | threshold |
        | 2     | 8         |
      Then Ada has 8 points and is at level 2 "Practitioner"
      When we turn to the community "Makers"
      Then Ada has 8 points and is at level 1 "Student"

  Rule: when both are done, every member stands where the new thresholds put them, or higher.

    Scenario: Awards that run while the thresholds change
      When Ada writes 20 posts at the very moment when Grace saves the default levels with
        | level | threshold |
        | 2     | 20        |
        | 3     | 30        |
        | 4     | 40        |
      Then Ada has 40 points and is at level 4 "Leader"

  Rule: All nine levels together; level 1's threshold is 0 and can't change; thresholds are whole numbers, strictly increasing; level 2's is at least 1.

    Scenario: The new definitions are the answer
      Given Ada has earned 5 points
      When Grace saves the default levels with
        | level | name     | threshold |
        | 1     | Beginner |           |
        | 2     | Tinkerer | 5         |
      Then the levels are
        | level | name           | threshold | member_percentage |
        | 1     | Beginner       | 0         | 66.7              |
        | 2     | Tinkerer       | 5         | 33.3              |
        | 3     | Builder        | 30        | 0.0               |
        | 4     | Leader         | 60        | 0.0               |
        | 5     | Mentor         | 100       | 0.0               |
        | 6     | Empire Builder | 150       | 0.0               |
        | 7     | Ruler          | 210       | 0.0               |
        | 8     | Legend         | 280       | 0.0               |
        | 9     | Icon           | 360       | 0.0               |
      And level 2 is shown as Ada's own

    Scenario: The nine may come in any order
      When Grace saves the default levels in reverse
      Then the answer is 200
      And the default levels still stand

    Scenario: Thresholds may be as close as one point
      When Grace saves the default levels with
        | level | threshold |
        | 2     | 1         |
        | 3     | 2         |
      Then the answer is 200

    Scenario: Eight levels are too few
      When Grace saves the default levels without level 8
      Then the answer is 422 VALIDATION_ERROR "Level 8 is missing"
      And the default levels still stand

    Scenario: Level 1 begins at nothing
      When Grace saves the default levels with
        | level | threshold |
        | 1     | 1         |
      Then the answer is 422 VALIDATION_ERROR "Level 1 threshold must be 0"
      And these mistakes are reported
        | place               | message                     |
        | /levels/0/threshold | Level 1 threshold must be 0 |
      And the default levels still stand

    Scenario: Level 2 asks for a point at least
      When Grace saves the default levels with
        | level | threshold |
        | 2     | 0         |
      Then the answer is 422 VALIDATION_ERROR "Level 2 threshold must be at least 1"
      And the default levels still stand

    Scenario: A threshold below the one before
      When Grace saves the default levels with
        | level | threshold |
        | 3     | 9         |
      Then the answer is 422 VALIDATION_ERROR "Thresholds must be strictly increasing"
      And these mistakes are reported
        | place               | message                                |
        | /levels/2/threshold | Thresholds must be strictly increasing |
      And the default levels still stand

    Scenario: A threshold equal to the one before
      When Grace saves the default levels with
        | level | threshold |
        | 9     | 280       |
      Then the answer is 422 VALIDATION_ERROR "Thresholds must be strictly increasing"
      And the default levels still stand

    Scenario Outline: A threshold that is <threshold> is no whole number
      When Grace saves the default levels with
        | level | threshold   |
        | 4     | <threshold> |
      Then the answer is 422 VALIDATION_ERROR "Threshold must be a whole number"
      And the default levels still stand

      Examples:
        | threshold |
        | 60.5      |
        | "60"      |
        | null      |
        | true      |

    Scenario: A field that nobody knows is refused
      When Grace saves the default levels with
        | level | colour |
        | 3     | red    |
      Then the answer is 422 VALIDATION_ERROR "Unknown field"
      And these mistakes are reported
        | place            | message       |
        | /levels/2/colour | Unknown field |
      And the default levels still stand

  Rule: A name is text of 1 to 30 characters.

    Scenario: A level without a name
      When Grace names level 3 ""
      Then the answer is 422 VALIDATION_ERROR "Level name is required"
      And the default levels still stand

    Scenario: Nothing but white space is no name
      When Grace names level 3 "   \t "
      Then the answer is 422 VALIDATION_ERROR "Level name is required"

    Scenario: Thirty characters fit
      When Grace names level 3 with 30 letters x
      Then the answer is 200
      And level 3 is called "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

    Scenario: Thirty-one don't
      When Grace names level 3 with 31 letters x
      Then the answer is 422 VALIDATION_ERROR "Level name must be 30 characters or less"
      And these mistakes are reported
        | place          | message                                  |
        | /levels/2/name | Level name must be 30 characters or less |
      And the default levels still stand

  Rule: HTML tags are stripped first (the text inside stays), entities are decoded until nothing changes, white space is trimmed and runs of it become one space; what is stored is plain text (`R&D` stays `R&D`), and it can never contain a tag, whatever was sent.

    Scenario Outline: <sent> is stored as <stored>
      When Grace names level 3 <sent>
      Then the answer is 200
      And level 3 is called "<stored>"

      Examples:
        | sent                               | stored         |
        | "  Master   Builder "              | Master Builder |
        | "<b>Bold</b> Builder"              | Bold Builder   |
        | "R&amp;D"                          | R&D            |
        | "R&amp;amp;amp;D"                  | R&D            |
        | "R&D"                              | R&D            |
        | "<script>alert(1)</script>"        | alert(1)       |
        | "&lt;img src=x onerror=y&gt;Maker" | Maker          |
        | "1 < 2"                            | 1 < 2          |
        | "<<b>script>Maker"                 | Maker          |

    Scenario: A name of nothing but tags is none
      When Grace names level 3 "<i></i><br>"
      Then the answer is 422 VALIDATION_ERROR "Level name is required"

  Rule: Length is counted in characters (Unicode scalar values) after this cleaning.

    Scenario: Markup doesn't count
      When Grace names level 3 "<strong><em>A name that fits</em></strong>"
      Then the answer is 200
      And level 3 is called "A name that fits"

    Scenario: Characters count, not bytes
      When Grace names level 3 with 30 letters 匠
      Then the answer is 200
      When Grace names level 3 with 31 letters 匠
      Then the answer is 422 VALIDATION_ERROR "Level name must be 30 characters or less"

  Rule: control and invisible formatting characters (NUL, bidi overrides, zero-width space…) are refused, joiners inside an emoji or a script that needs them are not

    Scenario Outline: A name with <character> is refused
      When Grace names level 3 "Build<escape>er"
      Then the answer is 422 VALIDATION_ERROR
      And the default levels still stand

      Examples:
        | character          | escape       |
        | a NUL              | \\u0000      |
        | an escape          | \\u001b      |
        | a bidi override    | \\u202e      |
        | a zero-width space | \\u200b      |
        | an encoded one     | &#x202e;     |

    Scenario Outline: The joiners of <what> stay
      When Grace names level 3 "<name>"
      Then the answer is 200
      And level 3 is called "<name>"

      Examples:
        | what             | name     |
        | an emoji         | 👩‍🚀 Pilot |
        | a Persian plural | کتاب‌ها   |

  Rule: Names are unique within the community, whatever their case.

    Scenario: The name of another level
      When Grace names level 3 "Student"
      Then the answer is 422 VALIDATION_ERROR "Level name must be unique"
      And these mistakes are reported
        | place          | message                   |
        | /levels/2/name | Level name must be unique |
      And the default levels still stand

    Scenario: The name of another level in other letters
      When Grace names level 3 "  sTUDENT"
      Then the answer is 422 VALIDATION_ERROR "Level name must be unique"

    Scenario: Another community may use the same names
      Given Grace names level 3 "Artisan"
      And the community "Bakers" with the admin Hugo
      When Hugo names level 3 "Artisan"
      Then the answer is 200
      And level 3 is called "Artisan"

    Scenario: The names of one community don't show in another
      Given Grace names level 1 "Maker"
      And the community "Bakers" with the admin Hugo
      Then the default levels still stand

  Rule: All mistakes of one request are reported at once, each with its place.

    Scenario: Five mistakes
      When Grace saves the default levels with
        | level | name    | threshold |
        | 1     |         | 5         |
        | 2     | student |           |
        | 3     | " "     | 10        |
        | 5     | "<p>"   |           |
      Then the answer is 422 VALIDATION_ERROR
      And these mistakes are reported
        | place               | message                                |
        | /levels/0/threshold | Level 1 threshold must be 0            |
        | /levels/1/name      | Level name must be unique              |
        | /levels/2/name      | Level name is required                 |
        | /levels/2/threshold | Thresholds must be strictly increasing |
        | /levels/4/name      | Level name is required                 |
      And the default levels still stand

  Rule: honours `If-Match` (412 when stale)

    Scenario: An admin who read the latest definitions saves
      Given Grace opens the level definitions
      When Grace, unless somebody changed them since, saves the default levels with
        | level | name    |
        | 3     | Artisan |
      Then the answer is 200
      And level 3 is called "Artisan"

    Scenario: An admin who read older ones is told
      Given Bob becomes ADMIN
      And Bob opens the level definitions
      And Grace has saved the default levels with
        | level | name    |
        | 3     | Artisan |
      When Bob, unless somebody changed them since, saves the default levels with
        | level | name  |
        | 3     | Smith |
      Then the answer is 412 PRECONDITION_FAILED
      And level 3 is called "Artisan"

    Scenario: Members who rise meanwhile are no change of the definitions
      Given Grace opens the level definitions
      And Ada has earned 10 points
      When Grace, unless somebody changed them since, saves the default levels with
        | level | name    |
        | 3     | Artisan |
      Then the answer is 200
