Feature: Earning points
  Members earn points for what they do in their community, and lose a point only when a like is taken back.

  Background:
    Given the community "Makers" with the admin Grace and the members Ada and Bob

  Rule: post_created: +2 goes to the post's author, once per post

    Scenario: Writing a post earns two points
      When Ada writes the post "Hello"
      Then the verdict is applied
      And Ada has 2 points
      And Bob has 0 points

    Scenario: Each further post earns again
      Given Ada writes the post "Hello"
      When Ada writes the post "Hello again"
      Then Ada has 4 points

  Rule: comment_created: +1 goes to the comment's author, once per comment

    Scenario: Writing a comment earns a point
      When Bob writes the comment "Welcome"
      Then Bob has 1 point
      And Ada has 0 points

  Rule: post_liked: +1 goes to the post's author, once per post and liker, while the like stands

    Scenario: A like earns the author a point, and the liker none
      Given Ada writes the post "Hello"
      When Bob likes Ada's post "Hello"
      Then Ada has 3 points
      And Bob has 0 points

    Scenario: Likes of different people count one each
      When 7 people like Ada's post "Hello"
      Then Ada has 7 points

    Scenario: Somebody who likes two posts counts for both
      Given Bob likes Ada's post "Hello"
      When Bob likes Ada's post "Hello again"
      Then Ada has 2 points

  Rule: comment_liked: +1 goes to the comment's author, once per comment and liker, while the like stands

    Scenario: A liked comment earns its author a point
      Given Ada writes the comment "Welcome"
      When Bob likes Ada's comment "Welcome"
      Then Ada has 2 points

    Scenario: A post and a comment are liked each for itself
      Given Bob likes Ada's post "Hello"
      When Bob likes Ada's comment "Hello"
      Then Ada has 2 points

  Rule: lesson_completed: +5 goes to the member who completed it, once per lesson and member, for ever

    Scenario: Completing a lesson earns five points
      Given the course "Rust" is created
      When Ada completes the lesson "Ownership" of the course "Rust"
      Then Ada has 5 points

    Scenario: Everybody is rewarded for the same lesson
      Given Ada completes the lesson "Ownership" of the course "Rust"
      When Bob completes the lesson "Ownership" of the course "Rust"
      Then Ada has 5 points
      And Bob has 5 points

    Scenario: A lesson that is completed once more earns nothing
      Given Ada completes the lesson "Ownership" of the course "Rust"
      When Ada completes the lesson "Ownership" of the course "Rust"
      Then the verdict is duplicate
      And Ada has 5 points

    Scenario: The community of a known course need not be said
      Given the course "Rust" is created
      When Ada completes the lesson "Ownership" of the course "Rust", nobody says where
      Then the verdict is applied
      And Ada has 5 points

    Scenario: The community of a course that nobody knows must be said
      When Ada completes the lesson "Ownership" of the course "Cobol", nobody says where
      Then the answer is 422 VALIDATION_ERROR "data.community_id is missing and data.course_id is not known"
      And Ada has 0 points

  Rule: Taking a like back takes its point back.

    Scenario: An unliked post gives its point back
      Given Bob likes Ada's post "Hello"
      When Bob unlikes Ada's post "Hello"
      Then the verdict is applied
      And Ada has 0 points

    Scenario: An unliked comment gives its point back
      Given Ada writes the comment "Welcome"
      And Bob likes Ada's comment "Welcome"
      When Bob unlikes Ada's comment "Welcome"
      Then Ada has 1 point

    Scenario: One like less leaves the other likes alone
      Given 3 people like Ada's post "Hello"
      And Bob likes Ada's post "Hello"
      When Bob unlikes Ada's post "Hello"
      Then Ada has 3 points

    Scenario: Somebody who likes again counts again
      Given Bob likes Ada's post "Hello"
      And Bob unlikes Ada's post "Hello"
      When Bob likes Ada's post "Hello"
      Then the verdict is applied
      And Ada has 1 point

  Rule: Only a point that was earned can be taken back: an unlike whose like we never saw (it was made before this service was installed, say) changes nothing.

    Scenario: An unlike without a like changes nothing
      Given Ada writes the post "Hello"
      When Bob unlikes Ada's post "Hello"
      Then Ada has 2 points

    Scenario: A second unlike takes no second point
      Given 2 people like Ada's comment "Welcome"
      And Bob likes Ada's comment "Welcome"
      And Bob unlikes Ada's comment "Welcome"
      When Bob unlikes Ada's comment "Welcome"
      Then the verdict is duplicate
      And Ada has 2 points

  Rule: Content that is deleted keeps the points it earned. There is no event for it.

    Scenario: A deleted post keeps its points
      Given Ada writes the post "Hello"
      And Bob likes Ada's post "Hello"
      When the platform reports PostDeleted about Ada's post "Hello"
      Then the verdict is ignored
      And Ada has 3 points

  Rule: A member's total is never negative.

    Scenario: Nobody falls below nothing
      When Bob unlikes Ada's post "Hello"
      And Bob unlikes Ada's comment "Welcome"
      Then Ada has 0 points
      And no PointsDeducted event is told about Ada

  Rule: Liking one's own content earns nothing (the platform prevents it; we ignore it too).

    Scenario: One's own post
      Given Ada writes the post "Hello"
      When Ada likes Ada's post "Hello"
      Then the verdict is ignored
      And Ada has 2 points

    Scenario: One's own comment
      Given Ada writes the comment "Welcome"
      When Ada likes Ada's comment "Welcome"
      Then the verdict is ignored
      And Ada has 1 point

  Rule: Every change is a transaction in an append-only ledger: applied amount, source, source id, who acted, when it happened, when we recorded it.

    Scenario: The ledger keeps every step, those that were undone included
      Given Ada writes the post "Hello"
      And Bob likes Ada's post "Hello", at 11:20
      And Bob unlikes Ada's post "Hello", at 11:30
      And Ada writes the comment "Welcome"
      And Bob likes Ada's comment "Welcome", at 11:40
      When Ada completes the lesson "Ownership" of the course "Rust"
      Then Ada's ledger reads
        | points | source           | about            | by  | at    |
        | 2      | post_created     | post Hello       | Ada | 10:05 |
        | 1      | post_liked       | post Hello       | Bob | 11:20 |
        | -1     | post_liked       | post Hello       | Bob | 11:30 |
        | 1      | comment_created  | comment Welcome  | Ada | 10:06 |
        | 1      | comment_liked    | comment Welcome  | Bob | 11:40 |
        | 5      | lesson_completed | lesson Ownership | Ada | 10:07 |
      And Ada has 9 points

    Scenario: Every change is told to the platform, with the total after it
      Given Ada writes the post "Hello"
      And Bob likes Ada's post "Hello"
      When Bob unlikes Ada's post "Hello"
      Then these PointsAwarded events are told about Ada
        | points | new_total | source       |
        | 2      | 2         | post_created |
        | 1      | 3         | post_liked   |
      And these PointsDeducted events are told about Ada
        | points | new_total | source     |
        | 1      | 2         | post_liked |
