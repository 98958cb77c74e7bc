Feature: What members see
  The badge on every avatar, the profile, and the grid of levels.

  Background:
    Given the community "Makers" with the admin Grace and the members Ada and Bob

  Rule: nobody but the member sees it

    Scenario: One's own profile shows everything
      Given Ada has earned 45 points
      When Ada looks at her own level
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

    Scenario: Somebody else's profile keeps the way to the next level to itself
      Given Ada has earned 45 points
      When Bob looks at Ada's level
      Then the answer shows
        | field                | value   |
        | user_id              | Ada     |
        | level                | 3       |
        | level_name           | Builder |
        | total_points         | 45      |
        | level_threshold      | null    |
        | next_level_threshold | null    |
        | points_to_next_level | null    |
        | is_max_level         | false   |

    Scenario: Admins see no more than others
      When Grace looks at Ada's level
      Then the answer shows
        | field                | value   |
        | user_id              | Ada     |
        | level                | 1       |
        | level_name           | Student |
        | total_points         | 0       |
        | level_threshold      | null    |
        | next_level_threshold | null    |
        | points_to_next_level | null    |
        | is_max_level         | false   |

    Scenario: The profile of somebody at the highest level
      Given Ada has earned 400 points
      When Ada looks at her own level
      Then the answer shows
        | field                | value |
        | user_id              | Ada   |
        | level                | 9     |
        | level_name           | Icon  |
        | total_points         | 400   |
        | level_threshold      | 360   |
        | next_level_threshold | null  |
        | points_to_next_level | null  |
        | is_max_level         | true  |

    Scenario: A user whom the community has never had
      When Ada looks at Zoe's level
      Then the answer is 404 NOT_FOUND "Member not found"

  Rule: points make levels 1 to 9; the level is a badge on every avatar

    Scenario: Badges come in the order asked
      Given Ada has earned 10 points
      When Bob asks for the badges of Grace, Ada and Bob
      Then the badges are
        | member | level | level_name   |
        | Grace  | 1     | Student      |
        | Ada    | 2     | Practitioner |
        | Bob    | 1     | Student      |

    Scenario: Unknown users are left out
      When Bob asks for the badges of Zoe, Ada and Yan
      Then the badges are
        | member | level | level_name |
        | Ada    | 1     | Student    |

    Scenario: Somebody with points who has not joined yet has no badge
      Given Zoe has earned 30 points
      When Bob asks for the badges of Zoe
      Then there are no badges

    Scenario: A badge wears the community's own name for the level
      Given Ada has earned 10 points
      And Grace has saved the default levels with
        | level | name       |
        | 2     | Apprentice |
      When Bob asks for the badges of Ada
      Then the badges are
        | member | level | level_name |
        | Ada    | 2     | Apprentice |

    Scenario: Two hundred badges can be asked for at once
      When Bob asks for 200 badges at once
      Then there are no badges

    Scenario: Two hundred and one can not
      When Bob asks for 201 badges at once
      Then the answer is 400 BAD_REQUEST "user_ids may name 200 ids at most"

  Rule: Exactly nine. Defaults, per community, created on first use

    Scenario: A new community has the nine default levels
      When Ada opens the level definitions
      Then the levels are
        | level | name           | threshold | member_percentage |
        | 1     | Student        | 0         | 100.0             |
        | 2     | Practitioner   | 10        | 0.0               |
        | 3     | Builder        | 30        | 0.0               |
        | 4     | Leader         | 60        | 0.0               |
        | 5     | Mentor         | 100       | 0.0               |
        | 6     | Empire Builder | 150       | 0.0               |
        | 7     | Ruler          | 210       | 0.0               |
        | 8     | Legend         | 280       | 0.0               |
        | 9     | Icon           | 360       | 0.0               |

    Scenario: The grid marks the reader's own level
      Given Ada has earned 100 points
      Then level 5 is shown as Ada's own
      And level 1 is shown as Bob's own

    Scenario: The grid shows the kept level as the reader's own
      Given Ada has earned 9 points
      And Bob likes Ada's post "Hello"
      And Bob unlikes Ada's post "Hello"
      Then level 2 is shown as Ada's own

  Rule: Distribution: the share of the community's current members at each level, one decimal.

    Scenario: Halves and quarters
      Given Eve joins
      And Ada has earned 10 points
      Then Bob sees 75% of the members at level 1 and 25% at level 2

    Scenario: Shares have one decimal
      Given Ada has earned 10 points
      Then Bob sees 66.7% of the members at level 1 and 33.3% at level 2

    Scenario: Everybody at a level of their own
      Given Ada has earned 30 points
      And Bob has earned 400 points
      Then Grace sees 33.3% of the members at level 1 and 33.3% at level 3 and 33.3% at level 9

    Scenario: Who left is not counted
      Given Ada has earned 10 points
      When Ada leaves
      Then Bob sees 100% of the members at level 1

    Scenario: Who comes back is counted at the level they kept
      Given Ada has earned 10 points
      And Ada leaves
      When Ada joins
      Then Bob sees 66.7% of the members at level 1 and 33.3% at level 2

    Scenario: Points alone don't count somebody in
      Given Zoe has earned 30 points
      Then Bob sees 100% of the members at level 1
      When Zoe joins
      Then Bob sees 75% of the members at level 1 and 25% at level 3

    Scenario: The distribution follows new thresholds at once
      Given Ada has earned 8 points
      When Grace saves the default levels with
        | level | threshold |
        | 2     | 4         |
        | 3     | 8         |
      Then Bob sees 66.7% of the members at level 1 and 33.3% at level 3
