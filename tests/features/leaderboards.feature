Feature: Leaderboards

  Background:
    Given the community "Makers" with the admin Grace and the members Ada, Bob and Eve

  Rule: Three boards rank the members by the points of the last 7 days, of the last 30 days, and of all time.

    Scenario: Points count where their time is
      Given Ada earned 1 point 2 days ago
      And Bob earned 3 points 20 days ago
      And Eve earned 5 points 100 days ago
      When Ada opens the leaderboards
      Then the seven_day board shows
        | rank | member | points |
        | 1    | Ada    | 1      |
        | 2    | Bob    | 0      |
        | 3    | Eve    | 0      |
        | 4    | Grace  | 0      |
      And the thirty_day board shows
        | rank | member | points |
        | 1    | Bob    | 3      |
        | 2    | Ada    | 1      |
        | 3    | Eve    | 0      |
        | 4    | Grace  | 0      |
      And the all_time board shows
        | rank | member | points |
        | 1    | Eve    | 5      |
        | 2    | Bob    | 3      |
        | 3    | Ada    | 1      |
        | 4    | Grace  | 0      |

    Scenario: Windows go by when something happened, not by when it was reported
      Given Ada earned 4 points 400 days ago
      When Ada opens the leaderboards
      Then Ada has 0 points on the seven_day board
      And Ada has 0 points on the thirty_day board
      And Ada has 4 points on the all_time board

    Scenario Outline: A post of <ago> counts on <boards> boards
      Given Ada earned 2 points <ago> ago
      When Ada opens the leaderboards
      Then Ada has points on <boards> boards

      Examples:
        | ago       | boards |
        | 1 hour    | 3      |
        | 167 hours | 3      |
        | 169 hours | 2      |
        | 719 hours | 2      |
        | 721 hours | 1      |

    Scenario: A like that is taken back gives nothing
      Given Bob liked Ada's post "Hello" 3 days ago
      And Bob unliked Ada's post "Hello" 2 days ago
      When Ada opens the leaderboards
      Then Ada has 0 points on the seven_day board
      And Ada has 0 points on the all_time board

    Scenario: What is taken back in a window never makes its points less than none
      Given Bob liked Ada's post "Hello" 20 days ago
      And Bob unliked Ada's post "Hello" 2 days ago
      When Ada opens the leaderboards
      Then Ada has 0 points on the seven_day board
      And Ada has 0 points on the thirty_day board

    Scenario: What was taken back outside the window does not count in it
      Given Ada earned 3 points 2 days ago
      And Bob liked Ada's post "Hello" 20 days ago
      And Bob unliked Ada's post "Hello" 2 days ago
      When Ada opens the leaderboards
      Then Ada has 2 points on the seven_day board
      And Ada has 3 points on the thirty_day board

    Scenario: The same event again changes nothing
      Given Ada earned 2 points 2 days ago
      When everything arrives again under new ids
      And Ada opens the leaderboards
      Then Ada has 2 points on the seven_day board

    Scenario: An entry shows the member as the platform told them
      Given Ada joins with the picture "https://avatars.example/ada.png"
      And Ada earned 45 points 2 days ago
      When Bob opens the leaderboards
      Then the first entry of the seven_day board is
        | field        | value                           |
        | rank         | 1                               |
        | user_id      | Ada                             |
        | display_name | Ada                             |
        | avatar_url   | https://avatars.example/ada.png |
        | level        | 3                               |
        | points       | 45                              |

  Rule: A board shows at most ten; the caller's own entry is added when they are not among them, also at 0 points.

    Scenario: A member among the ten has no entry of their own
      When Ada opens the leaderboards
      Then your rank is not shown on the all_time board

    Scenario: A member behind the ten sees their own rank
      Given 12 more members, who earned a point each 1 day ago
      When Ada opens the leaderboards
      Then the seven_day board has 10 entries of 16 members
      And your rank on the seven_day board is 13 with 0 points

    Scenario: A service has no rank
      Given 12 more members, who earned a point each 1 day ago
      When the classroom's backend opens the leaderboards
      Then the seven_day board has 10 entries of 16 members
      And your rank is not shown on the seven_day board

  Rule: Everybody present is on the board; who left is not.

    Scenario: A new member is on the board with 0 points
      When Zoe joins
      And Ada opens the leaderboards
      Then the members of the all_time board are Ada, Bob, Eve, Grace and Zoe

    Scenario: A member who left is on no board
      Given Eve earned 5 points 2 days ago
      When Eve leaves
      And Ada opens the leaderboards
      Then the members of the all_time board are Ada, Bob and Grace

    Scenario: A member who returns has their points again
      Given Eve earned 5 points 2 days ago
      And Eve leaves
      When Eve joins
      And Ada opens the leaderboards
      Then the members of the seven_day board are Eve, Ada, Bob and Grace
      And Eve has 5 points on the seven_day board

    Scenario: Points of a user who never joined are on no board, until they join
      Given Zoe earned 5 points 2 days ago
      When Ada opens the leaderboards
      Then the members of the all_time board are Ada, Bob, Eve and Grace
      When Zoe joins
      And Ada opens the leaderboards
      Then Zoe has 5 points on the seven_day board

    Scenario: Nobody from outside sees a board
      When Zoe opens the leaderboards
      Then the answer is 403 FORBIDDEN
      And the reason is NOT_A_MEMBER

  Rule: Ties are broken by display name, case-insensitive in Unicode, then by user id; ranks are unique and consecutive.

    Scenario: Names decide among equals
      Given the members are called
        | member | name     |
        | Ada    | zoë      |
        | Bob    | Ödön     |
        | Eve    | Zadie    |
        | Grace  | oscar    |
      When Ada opens the leaderboards
      Then the members of the all_time board are Bob, Grace, Eve and Ada
      And the ranks of the all_time board are 1 to 4

    Scenario: Who has no name is called Member
      Given the members are called
        | member | name |
        | Bob    |      |
      When Ada opens the leaderboards
      Then the members of the all_time board are Ada, Eve, Grace and Bob
      And Bob is shown as "Member" on the all_time board

    Scenario: Two members with one name are in the order of their ids
      Given the members are called
        | member | name |
        | Ada    | Sam  |
        | Bob    | sam  |
        | Eve    | SAM  |
      When Ada opens the leaderboards
      Then Ada, Bob and Eve stand in the order of their ids

    Scenario: A new name moves its member
      Given the members are called
        | member | name |
        | Grace  | Aaro |
      When Ada opens the leaderboards
      Then the members of the all_time board are Grace, Ada, Bob and Eve

  Rule: A member may be hidden from boards: they keep their own rank in `your_rank` only.

    Scenario: A hidden member is on no board, and sees their own rank
      Given Bob earned 3 points 2 days ago
      And Ada earned 5 points 2 days ago
      And Ada's profile says that she is not listed
      When Bob opens the leaderboards
      Then the members of the seven_day board are Bob, Eve and Grace
      When Ada opens the leaderboards
      Then the members of the seven_day board are Bob, Eve and Grace
      And your rank on the seven_day board is 1 with 5 points

    Scenario: A member may join hidden
      When Zoe joins hidden from leaderboards
      And Ada opens the leaderboards
      Then the members of the all_time board are Ada, Bob, Eve and Grace

    Scenario: A hidden member may be shown again
      Given Ada's profile says that she is not listed
      And Ada's profile says that she is listed
      When Bob opens the leaderboards
      Then the members of the all_time board are Ada, Bob, Eve and Grace

    Scenario: Nobody finds a hidden member's surroundings
      Given Ada's profile says that she is not listed
      When Bob asks for the all_time board around Ada
      Then the answer is 404 NOT_FOUND "Member not found"

    Scenario: Whether somebody is listed is yes or no
      When the platform reports that Ada is listed "perhaps"
      Then the answer is 422 VALIDATION_ERROR

  Rule: Admins are hidden by setting `exclude_admins` in the community's rules: they keep their own rank in `your_rank` only.

    Scenario: Admins are left out, and let in again
      Given Bob earned 3 points 2 days ago
      And Grace earned 5 points 2 days ago
      And Grace leaves admins out of leaderboards
      When Bob opens the leaderboards
      Then the members of the seven_day board are Bob, Ada and Eve
      When Grace opens the leaderboards
      Then the members of the seven_day board are Bob, Ada and Eve
      And your rank on the seven_day board is 1 with 5 points
      When Grace lets admins on leaderboards
      And Bob opens the leaderboards
      Then the members of the seven_day board are Grace, Bob, Ada and Eve

    Scenario: Who becomes an admin goes, and who is none any more comes back
      Given Grace leaves admins out of leaderboards
      And Ada becomes ADMIN
      When Bob opens the leaderboards
      Then the members of the all_time board are Bob and Eve
      When Ada becomes MODERATOR
      And Bob opens the leaderboards
      Then the members of the all_time board are Ada, Bob and Eve

    Scenario: Whether admins are left out is yes or no
      When Grace leaves admins out of leaderboards as "perhaps"
      Then the answer is 422 VALIDATION_ERROR "exclude_admins must be true or false"

  Rule: The widget shows the best five of 30 days.

    Scenario: Five, of thirty days
      Given 12 more members, who earned a point each 20 days ago
      And Eve earned 2 points 25 days ago
      And Bob earned 9 points 40 days ago
      When Ada opens the widget
      Then the members of the widget are Eve, Member 01, Member 02, Member 03 and Member 04
      And the ranks of the widget are 1 to 5
      And it is said up to when that is complete

  Rule: `last_updated` says up to when boards are complete.

    Scenario Outline: It moves on with what happens: <what>
      When Ada opens the <what>
      Then it is said up to when that is complete
      When Bob earns 5 points just now
      And Ada opens the <what>
      Then it is complete up to a later moment than before

      Examples:
        | what         |
        | leaderboards |
        | widget       |

  Rule: A board can be paged through, and looked at around a member.

    Scenario: Pages give everybody once
      Given 12 more members, who earned a point each 1 day ago
      When Ada pages through the seven_day board by 3
      Then 16 members come, with the ranks 1 to 16

    Scenario: A page is followed by the next also when others rise meanwhile
      Given 12 more members, who earned a point each 1 day ago
      When Ada asks for the first 3 of the seven_day board
      And Grace earns 50 points just now
      And Ada asks for the next 3 of it
      Then the ranks of the page are 5 to 7

    Scenario: The surroundings of a member
      Given Ada earned 4 points 1 day ago
      And Bob earned 3 points 1 day ago
      And Eve earned 2 points 1 day ago
      When Grace asks for the seven_day board around Bob, 1 on either side
      Then the members of the page are Ada, Bob and Eve
      And the ranks of the page are 1 to 3

    Scenario: At the top there is nobody before
      Given Ada earned 4 points 1 day ago
      When Grace asks for the seven_day board around Ada, 1 on either side
      Then the members of the page are Ada and Bob

    Scenario Outline: A request that means nothing: <query>
      When Ada asks for the leaderboard "<query>"
      Then the answer is 400 BAD_REQUEST "<detail>"

      Examples:
        | query                             | detail                                                  |
        | weekly                            | leaderboard must be seven_day, thirty_day or all_time   |
        | all_time?limit=0                  | limit must be a number from 1 to 100                    |
        | all_time?limit=101                | limit must be a number from 1 to 100                    |
        | all_time?cursor=AAAA              | cursor must be one that an earlier answer gave          |
        | all_time?cursor=%3Cscript%3E      | cursor must be one that an earlier answer gave          |
        | all_time?around=ada               | around must be a UUID                                   |
        | all_time?radius=3                 | radius goes with around                                 |
        | all_time?around=0192f0c1-5c1e-7f4e-8f4b-000000000ada&radius=0  | radius must be a number from 1 to 25 |
        | all_time?around=0192f0c1-5c1e-7f4e-8f4b-000000000ada&radius=26 | radius must be a number from 1 to 25 |
        | all_time?around=0192f0c1-5c1e-7f4e-8f4b-000000000ada&limit=5   | around goes with radius, not with limit or cursor |

    Scenario: The widest surroundings
      When Grace asks for the all_time board around Bob, 25 on either side
      Then the members of the page are Ada, Bob, Eve and Grace

    Scenario: Around a user whom the community never had
      When Ada asks for the all_time board around Zoe
      Then the answer is 404 NOT_FOUND "Member not found"

  Rule: Who has the boards already is told so, without their body.

    Scenario: Nothing has changed
      When Ada opens the leaderboards
      And Ada asks for the same again, naming what she has
      Then the answer's status is 304
      And the answer has no body

    Scenario: Somebody has risen
      When Ada opens the leaderboards
      And Bob earns 5 points just now
      And the boards have caught up
      And Ada asks for the same again, naming what she has
      Then the answer is 200
