Feature: A community's own rules

  Background:
    Given the community "Makers" with the admin Grace and the members Ada, Bob and Cleo

  Rule: The five worths are the default.

    Scenario: A community starts with the worths of the product and no caps
      When Grace opens the rules
      Then the rules are
        | source           | points | daily_cap | per_pair_daily_cap |
        | post_created     | 2      | null      | null               |
        | comment_created  | 1      | null      | null               |
        | post_liked       | 1      | null      | null               |
        | comment_liked    | 1      | null      | null               |
        | lesson_completed | 5      | null      | null               |
      And the rules have version 1

    Scenario: Other worths count from then on
      Given Ada writes the post "Before"
      And Grace has set the rules
        | source           | points |
        | post_created     | 10     |
        | lesson_completed | 0      |
      When Ada writes the post "After"
      And Ada completes the lesson "Ownership" of the course "Rust"
      Then Ada has 12 points and is at level 2 "Practitioner"

    Scenario: The platform is told what was really earned
      Given Grace has set the rules
        | source       | points | daily_cap |
        | post_created | 4      | 5         |
      When Ada writes the post "First"
      And Ada writes the post "Second"
      And Ada writes the post "Third"
      Then these PointsAwarded events are told about Ada
        | points | new_total | source       |
        | 4      | 4         | post_created |
        | 1      | 5         | post_created |

    Scenario: What is worth nothing is remembered
      Given Grace has set the rules
        | source       | points |
        | post_created | 0      |
      And Ada writes the post "Free"
      And Grace has set the rules
        | source       | points |
        | post_created | 2      |
      When Ada writes the post "Free"
      Then the verdict is duplicate
      And Ada has 0 points
      And no PointsAwarded event is told about Ada

    Scenario: Rules of one community are not those of another
      Given Grace has set the rules
        | source       | points |
        | post_created | 10     |
      And the community "Writers" with the admin Hedy and the member Ada
      When Ada writes the post "Elsewhere"
      Then Ada has 2 points

  Rule: `daily_cap` (points a member can earn from it in a UTC day of `occurred_at`; null = none)

    Scenario: A cap leaves what is left of it, and then nothing
      Given Grace has set the rules
        | source       | points | daily_cap |
        | post_created | 2      | 3         |
      When Ada writes the post "First"
      Then nothing of that is capped
      When Ada writes the post "Second"
      Then that is capped
      When Ada writes the post "Third"
      Then that is capped
      And Ada has 3 points

    Scenario: Each member has a cap of their own
      Given Grace has set the rules
        | source       | daily_cap |
        | post_created | 2         |
      When Ada writes the post "First"
      And Bob writes the post "Second"
      Then nothing of that is capped
      And Ada has 2 points
      And Bob has 2 points

    Scenario: Each source has a cap of its own
      Given Grace has set the rules
        | source          | daily_cap |
        | post_created    | 2         |
        | comment_created | 1         |
      When Ada writes the post "First"
      And Ada writes the comment "Welcome"
      Then nothing of that is capped
      And Ada has 3 points

    Scenario: A day begins at midnight in UTC
      Given Grace has set the rules
        | source       | daily_cap |
        | post_created | 2         |
      When Ada writes the post "Late", at 23:59 the day before
      And Ada writes the post "Early", at 00:00
      Then nothing of that is capped
      And Ada has 4 points
      When Ada writes the post "Later", at 23:59
      Then that is capped
      When Ada writes the post "Latest", at 23:58 the day before
      Then that is capped
      And Ada has 4 points

    Scenario: A cap of nothing lets nothing through
      Given Grace has set the rules
        | source       | daily_cap |
        | post_created | 0         |
      When Ada writes the post "First"
      Then that is capped
      And Ada has 0 points
      And no PointsAwarded event is told about Ada

    Scenario: In one batch a cap counts as it does one by one
      Given Grace has set the rules
        | source       | daily_cap |
        | post_created | 5         |
      And the platform holds its events back
      And Ada writes the post "First"
      And Ada writes the post "Second"
      And Ada writes the post "Third"
      And Ada writes the post "Fourth"
      When they arrive in one batch
      Then Ada has 5 points
      And 2 of them are capped

    Scenario: In whatever order, totals are within the cap
      Given Grace has set the rules
        | source       | daily_cap |
        | post_created | 5         |
      And the platform holds its events back
      And Ada writes the post "First"
      And Ada writes the post "Second"
      And Ada writes the post "Third"
      And Ada writes the post "Fourth"
      When they arrive one by one in the order 4, 2, 3, 1, 2
      Then Ada has 5 points

    Scenario: A cap is not in the way of levels reached before
      Given Ada has earned 12 points
      And Grace has set the rules
        | source       | daily_cap |
        | post_created | 1         |
      Then Ada has 12 points and is at level 2 "Practitioner"

    Scenario: What was earned on the day before the cap came counts towards it
      Given Ada writes the post "First"
      And Grace has set the rules
        | source       | daily_cap |
        | post_created | 3         |
      When Ada writes the post "Second"
      Then that is capped
      And Ada has 3 points

    Scenario: Nothing earned before a cap changes
      Given Ada writes the post "First"
      And Ada writes the post "Second"
      And Grace has set the rules
        | source       | daily_cap |
        | post_created | 1         |
      When Ada writes the post "Third"
      Then that is capped
      And Ada has 4 points

    Scenario: A higher cap makes room on the same day
      Given Grace has set the rules
        | source       | daily_cap |
        | post_created | 2         |
      And Ada writes the post "First"
      And Ada writes the post "Second"
      And Grace has set the rules
        | source       | daily_cap |
        | post_created | 5         |
      When Ada writes the post "Third"
      Then nothing of that is capped
      And Ada has 4 points

    Scenario: A cap that was lifted and comes again counts what was earned between
      Given Grace has set the rules
        | source       | daily_cap |
        | post_created | 2         |
      And Ada writes the post "First"
      And Grace has set the rules
        | source       | daily_cap |
        | post_created | null      |
      And Ada writes the post "Second"
      And Grace has set the rules
        | source       | daily_cap |
        | post_created | 5         |
      When Ada writes the post "Third"
      Then that is capped
      And Ada has 5 points

    Scenario: Adjustments have no cap, and use none up
      Given Grace has set the rules
        | source       | daily_cap |
        | post_created | 2         |
      When Grace adjusts Ada's points by 15 for "Organised the meetup", with the key "meetup-1"
      And Ada writes the post "First"
      Then nothing of that is capped
      And Ada has 17 points

  Rule: for likes `per_pair_daily_cap` (one liker to one author) against rings

    Scenario: One liker earns an author only so much on a day
      Given Grace has set the rules
        | source     | per_pair_daily_cap |
        | post_liked | 2                  |
      When Bob likes Ada's post "First"
      And Bob likes Ada's post "Second"
      Then nothing of that is capped
      When Bob likes Ada's post "Third"
      Then that is capped
      And Ada has 2 points

    Scenario: Another liker is another pair
      Given Grace has set the rules
        | source     | per_pair_daily_cap |
        | post_liked | 1                  |
      When Bob likes Ada's post "First"
      And Cleo likes Ada's post "First"
      Then nothing of that is capped
      And Ada has 2 points

    Scenario: Another author is another pair
      Given Grace has set the rules
        | source     | per_pair_daily_cap |
        | post_liked | 1                  |
      When Bob likes Ada's post "First"
      And Bob likes Cleo's post "Hers"
      Then nothing of that is capped

    Scenario: A ring is worth no more than its caps
      Given Grace has set the rules
        | source     | daily_cap | per_pair_daily_cap |
        | post_liked | 3         | 2                  |
      When Bob likes Ada's post "First"
      And Bob likes Ada's post "Second"
      And Bob likes Ada's post "Third"
      And Cleo likes Ada's post "First"
      And Cleo likes Ada's post "Second"
      Then that is capped
      And Ada has 3 points

    Scenario: Posts and comments are counted apart
      Given Grace has set the rules
        | source        | per_pair_daily_cap |
        | post_liked    | 1                  |
        | comment_liked | 1                  |
      When Bob likes Ada's post "First"
      And Bob likes Ada's comment "Welcome"
      Then nothing of that is capped
      And Ada has 2 points

  Rule: What a cap takes away is still remembered: a ledger entry of what was left (maybe 0) with `capped: true`, so that redelivery is a `duplicate`, taking a like back takes what it gave, and history explains itself.

    Scenario: Redelivery is a duplicate, also after the cap is gone
      Given Grace has set the rules
        | source       | daily_cap |
        | post_created | 0         |
      And Ada writes the post "First"
      And Grace has set the rules
        | source       | daily_cap |
        | post_created | null      |
      When that arrives again under a new id
      Then the verdict is duplicate
      And Ada has 0 points

    Scenario: History explains itself
      Given Grace has set the rules
        | source       | daily_cap |
        | post_created | 3         |
      And Ada writes the post "First"
      And Ada writes the post "Second"
      And Ada writes the post "Third"
      When Ada looks at her own history
      Then the history reads
        | points | about       | total | capped |
        | 0      | post Third  | 3     | true   |
        | 1      | post Second | 3     | true   |
        | 2      | post First  | 2     | false  |

    Scenario: Taking back a like that gave nothing takes nothing
      Given Grace has set the rules
        | source     | daily_cap |
        | post_liked | 1         |
      And Bob likes Ada's post "First"
      And Cleo likes Ada's post "First"
      When Cleo unlikes Ada's post "First"
      Then the verdict is applied
      And Ada has 1 point

    Scenario: Taking back a like makes no room on its day
      Given Grace has set the rules
        | source     | daily_cap |
        | post_liked | 1         |
      And Bob likes Ada's post "First"
      And Bob unlikes Ada's post "First"
      When Cleo likes Ada's post "First"
      Then that is capped
      And Ada has 0 points

  Rule: A like's point is taken back at what it was worth when given.

    Scenario: The worth of a like has risen since
      Given Bob likes Ada's post "First"
      And Ada writes the post "First"
      And Grace has set the rules
        | source     | points |
        | post_liked | 100    |
      When Bob unlikes Ada's post "First"
      Then Ada has 2 points

    Scenario: The worth of a like has fallen since
      Given Grace has set the rules
        | source        | points |
        | comment_liked | 7      |
      And Bob likes Ada's comment "Welcome"
      And Grace has set the rules
        | source        | points |
        | comment_liked | 0      |
      When Bob unlikes Ada's comment "Welcome"
      Then Ada has 0 points

    Scenario: A like that turns out to be another author's moves at the worth of today
      Given Bob likes Ada's post "First"
      And Grace has set the rules
        | source     | points |
        | post_liked | 3      |
      When Bob likes Cleo's post "First"
      Then Ada has 0 points
      And Cleo has 3 points

  Rule: `GET`/`PUT …/rules` (admin; `ETag`, `If-Match`, all mistakes at once; versioned, kept with who and when: `GET …/rules/history`, and the same for levels)

    Scenario: All mistakes are told at once
      When Grace sets the rules
        | source           | points | daily_cap | per_pair_daily_cap |
        | post_created     | -1     | 1.5       | 1                  |
        | comment_created  | 1001   | -1        | null               |
        | post_liked       | many   | null      | never              |
      Then the answer is 422 VALIDATION_ERROR
      And these mistakes are reported
        | place                       | message                                                           |
        | /rules/0/points             | Points must be a whole number from 0 to 1000                      |
        | /rules/0/daily_cap          | A cap must be a whole number from 0 to 2147483647, or nothing      |
        | /rules/0/per_pair_daily_cap | Only likes have a cap for each pair of members                    |
        | /rules/1/points             | Points must be a whole number from 0 to 1000                      |
        | /rules/1/daily_cap          | A cap must be a whole number from 0 to 2147483647, or nothing      |
        | /rules/2/points             | Points must be a whole number from 0 to 1000                      |
        | /rules/2/per_pair_daily_cap | A cap must be a whole number from 0 to 2147483647, or nothing      |
      And the default rules still stand

    Scenario Outline: The rules <body> are none
      When Grace sends the rules <body>
      Then the answer is 422 VALIDATION_ERROR
      And these mistakes are reported
        | place   | message   |
        | <place> | <message> |

      Examples:
        | body                | place    | message                         |
        | []                  |          | The body must be a JSON object  |
        | {}                  | /rules   | Rules are required              |
        | {"rules":7}         | /rules   | Rules must be a list            |
        | {"rules":[7]}       | /rules/0 | A rule must be a JSON object    |

    Scenario: Every source has its rule, once
      When Grace sends the rules of comments, comments and adjustments
      Then the answer is 422 VALIDATION_ERROR
      And these mistakes are reported
        | place           | message                                          |
        | /rules/1/source | The rule of comment_created must be given once   |
        | /rules/2/source | Source must be one that members earn points by   |
        | /rules          | The rule of post_created is missing              |
        | /rules          | The rule of post_liked is missing                |
        | /rules          | The rule of comment_liked is missing             |
        | /rules          | The rule of lesson_completed is missing          |

    Scenario: Two admins at once: the second is told
      Given Hedy joins as ADMIN
      And Grace opens the rules
      And Hedy opens the rules
      And Hedy has set the rules
        | source       | points |
        | post_created | 3      |
      When Grace, unless somebody changed them since, sets the rules
        | source       | points |
        | post_created | 4      |
      Then the answer is 412 PRECONDITION_FAILED
      When Grace opens the rules
      And Grace, unless somebody changed them since, sets the rules
        | source       | points |
        | post_created | 4      |
      Then the rules have version 3

    Scenario: The same rules again are no new version
      When Grace sets the rules
        | source       | points |
        | post_created | 2      |
      Then the rules have version 1

    Scenario: Every version is kept, with who and when
      Given Hedy joins as ADMIN
      And Grace has set the rules
        | source       | points |
        | post_created | 3      |
      And Hedy has set the rules
        | source       | points | daily_cap |
        | post_created | 3      | 30        |
      When Grace looks at the history of the rules
      Then the versions are
        | version | changed_by |
        | 3       | Hedy       |
        | 2       | Grace      |
        | 1       | nobody     |
      And in version 3 the cap of posts is 30, and null in version 2

    Scenario: The history of rules is read page by page
      Given Grace has set the rules
        | source       | points |
        | post_created | 3      |
      And Grace has set the rules
        | source       | points |
        | post_created | 4      |
      When Grace looks at the history of the rules by 2
      Then the versions are
        | version | changed_by |
        | 3       | Grace      |
        | 2       | Grace      |
      When Grace reads on in the versions
      Then the versions are
        | version | changed_by |
        | 1       | nobody     |
      And the versions end there

    Scenario: Levels have such a history, too
      Given Grace has saved the default levels with
        | level | name       |
        | 2     | Apprentice |
      When Grace looks at the history of the levels
      Then the versions are
        | version | changed_by |
        | 2       | Grace      |
        | 1       | nobody     |
      And level 2 was called "Apprentice" in version 2 and "Practitioner" in version 1

    Scenario Outline: A member may not <operation>
      When Bob tries to <operation>
      Then the answer is 403 FORBIDDEN "Only admins of the community may do this"
      When Zoe tries to <operation>
      Then the answer is 403 FORBIDDEN "Only members of the community may do this"

      Examples:
        | operation               |
        | read the rules          |
        | change the rules        |
        | change the rules to junk |
        | preview the rules       |
        | read the rules' history |
        | read the levels' history |

    Scenario: A service reads rules, and changes none
      When the classroom's backend reads the rules
      Then the rules have version 1
      When the platform's own token is used to change the rules
      Then the answer is 401 UNAUTHENTICATED

  Rule: the console's page for admins, with a preview of what a cap would have taken away in the last 30 days

    Scenario: What caps would have taken
      Given Ada writes the post "First", by a clock that is right
      And Ada writes the post "Second", by a clock that is right
      And Bob likes Ada's post "First", by a clock that is right
      And Bob likes Ada's post "Second", by a clock that is right
      And Cleo writes the post "Hers", by a clock that is right
      And Cleo writes the post "Of January"
      When Grace previews the rules
        | source       | daily_cap | per_pair_daily_cap |
        | post_created | 3         | null               |
        | post_liked   | null      | 1                  |
      Then the caps would have taken
        | source       | earned | over_cap | members_over_cap |
        | post_created | 6      | 1        | 1                |
        | post_liked   | 2      | 1        | 1                |
      And the default rules still stand

    Scenario: A preview tells the mistakes that the change would be told
      When Grace previews the rules
        | source       | points |
        | post_created | 1001   |
      Then the answer is 422 VALIDATION_ERROR
