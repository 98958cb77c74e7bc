Feature: How a member came to their points

  Background:
    Given the community "Makers" with the admin Grace and the members Ada and Bob
    And the course "Rust" is created

  Rule: `GET …/members/{user_id}/points`: own, or any for admins and services.

    Scenario: One's own history
      Given Ada writes the post "Hello"
      And Bob likes Ada's post "Hello"
      And Ada completes the lesson "Ownership" of the course "Rust"
      When Ada looks at her own history
      Then the history reads
        | points | source           | about            | by  | at    | total |
        | 5      | lesson_completed | lesson Ownership | Ada | 10:08 | 8     |
        | 1      | post_liked       | post Hello       | Bob | 10:07 | 3     |
        | 2      | post_created     | post Hello       | Ada | 10:06 | 2     |
      And the history ends there

    Scenario: Who has done nothing has no history
      When Bob looks at his own history
      Then the history is empty
      And the history ends there

    Scenario: An admin looks at a member's
      Given Ada writes the comment "Welcome"
      When Grace looks at Ada's history
      Then the history reads
        | points | source          | about           | total |
        | 1      | comment_created | comment Welcome | 1     |

    Scenario: A backend looks at a member's
      Given Ada writes the comment "Welcome"
      When the classroom's backend looks at Ada's history
      Then the history reads
        | points | source          | about           | total |
        | 1      | comment_created | comment Welcome | 1     |

    Scenario Outline: Another member's history is not for a <role>
      Given Bob becomes <role>
      When Bob looks at Ada's history
      Then the answer is 403 FORBIDDEN "Only admins of the community may do this"
      And the reason is NOT_AN_ADMIN

      Examples:
        | role      |
        | MEMBER    |
        | MODERATOR |

    Scenario: An admin of another community is a stranger here
      Given the community "Bakers" with the admin Hugo
      And we turn to the community "Makers"
      When Hugo looks at Ada's history
      Then the answer is 403 FORBIDDEN
      And the reason is NOT_A_MEMBER

    Scenario: Who left may not look at their own
      Given Ada writes the post "Hello"
      And Ada leaves
      When Ada looks at her own history
      Then the answer is 403 FORBIDDEN
      And the reason is NOT_A_MEMBER

    Scenario Outline: Who left is still shown to <who>
      Given Ada writes the post "Hello"
      And Ada leaves
      When <who> looks at Ada's history
      Then the history reads
        | points | source       | about      | total |
        | 2      | post_created | post Hello | 2     |

      Examples:
        | who                     |
        | Grace                   |
        | the classroom's backend |

    Scenario: A user whom the community has never had
      When Grace looks at Zoe's history
      Then the answer is 404 NOT_FOUND "Member not found"

    Scenario: What somebody earned before they joined is found when they do
      Given Zoe writes the post "Early"
      When Grace looks at Zoe's history
      Then the answer is 404 NOT_FOUND "Member not found"
      When Zoe joins
      And Zoe looks at her own history
      Then the history reads
        | points | source       | about      | total |
        | 2      | post_created | post Early | 2     |

    Scenario: A community that nobody has heard of
      Given we turn to the community "Nowhere"
      When the classroom's backend looks at Ada's history
      Then the answer is 404 NOT_FOUND "Community not found"

    Scenario: Each community has a history of its own
      Given Ada writes the post "Hello"
      And the community "Bakers" with the admin Ada
      And Ada writes the comment "Bread"
      When Ada looks at her own history
      Then the history reads
        | points | source          | about         | total |
        | 1      | comment_created | comment Bread | 1     |

  Rule: Newest first, with the member's total after each entry.

    Scenario: A like that is taken back
      Given Ada writes the post "Hello"
      And Bob likes Ada's post "Hello"
      And Bob unlikes Ada's post "Hello"
      When Ada looks at her own history
      Then the history reads
        | points | source       | about      | by  | total |
        | -1     | post_liked   | post Hello | Bob | 2     |
        | 1      | post_liked   | post Hello | Bob | 3     |
        | 2      | post_created | post Hello | Ada | 2     |

    Scenario: What is told late comes when it was told
      Given Bob likes Ada's post "New", at 11:00
      And Bob likes Ada's post "Old", at 09:00
      When Ada looks at her own history
      Then the history reads
        | about    | at    | total |
        | post Old | 09:00 | 2     |
        | post New | 11:00 | 1     |

    Scenario: What is told in one batch is in the order of the batch
      Given the platform holds its events back
      And Ada writes the post "One"
      And Ada writes the post "Two"
      And Bob likes Ada's post "Two"
      When they arrive in one batch
      And Ada looks at her own history
      Then the history reads
        | about    | source       | total |
        | post Two | post_liked   | 5     |
        | post Two | post_created | 4     |
        | post One | post_created | 2     |

    Scenario: What people adjusted, with the reason; nobody is named where a service did
      Given Ada writes the post "Hello"
      And Grace adjusts Ada's points by 15 for "Organised the meetup", with the key "meetup-1"
      And the platform's back office adjusts Ada's points by -20 for "Spam & more", with the key "spam-1"
      When Ada looks at her own history
      Then the history reads
        | points | source            | by     | reason               | total |
        | -17    | manual_adjustment | nobody | Spam & more          | 0     |
        | 15     | manual_adjustment | Grace  | Organised the meetup | 17    |
        | 2      | post_created      | Ada    | null                 | 2     |

    Scenario: Only what people adjusted
      Given Ada writes the post "Hello"
      And the platform reports an adjustment "a1" of Ada's points by 15 for "Meetup" by Grace
      When Ada looks at her own history with "source=manual_adjustment"
      Then the history reads
        | points | about         | by    | reason | total |
        | 15     | adjustment a1 | Grace | Meetup | 17    |

    Scenario: What changes nothing leaves no entry
      Given Ada writes the post "Hello"
      When that arrives again under a new id
      And Ada likes Ada's post "Hello"
      And Ada looks at her own history
      Then the history reads
        | about      | total |
        | post Hello | 2     |

  Rule: `limit=1…100&cursor=…`; stable under new entries.

    Scenario: Page by page, while the member goes on earning
      Given Ada writes the post "One"
      And Ada writes the post "Two"
      And Ada writes the post "Three"
      When Ada looks at her own history with "limit=2"
      Then the history reads
        | about      | total |
        | post Three | 6     |
        | post Two   | 4     |
      And the history goes on
      When Ada writes the post "Four"
      And Ada reads on in the history
      Then the history reads
        | about    | total |
        | post One | 2     |
      And the history ends there

    Scenario: A page that holds all of it is the last
      Given Ada writes the post "One"
      And Ada writes the post "Two"
      When Ada looks at her own history with "limit=2"
      Then the history ends there

    Scenario: Twenty entries, when nobody says how many
      Given Ada has earned 42 points
      When Ada looks at her own history
      Then the history has 20 entries
      And the history goes on

    Scenario: A hundred at most
      Given Ada has earned 202 points
      When Ada looks at her own history with "limit=100"
      Then the history has 100 entries
      And the history goes on

    Scenario: Bob's place is none in Ada's history
      Given Bob has earned 4 points
      And Bob looks at his own history with "limit=1"
      When Grace reads on in Ada's history from there
      Then the answer is 400 BAD_REQUEST "cursor is of another history"

  Rule: `source=…` shows the entries of one source; the totals are those of all.

    Scenario: Only what likes earned
      Given Ada writes the post "Hello"
      And Bob likes Ada's post "Hello"
      And Ada completes the lesson "Ownership" of the course "Rust"
      And Grace likes Ada's post "Hello"
      When Ada looks at her own history with "source=post_liked"
      Then the history reads
        | points | source     | by    | total |
        | 1      | post_liked | Grace | 9     |
        | 1      | post_liked | Bob   | 3     |
      And the history ends there

    Scenario: Only what likes earned, page by page
      Given Ada writes the post "Hello"
      And Bob likes Ada's post "Hello"
      And Ada writes the post "Hello again"
      And Grace likes Ada's post "Hello"
      When Ada looks at her own history with "source=post_liked&limit=1"
      Then the history reads
        | by    | total |
        | Grace | 6     |
      When Ada reads on in the history
      Then the history reads
        | by  | total |
        | Bob | 3     |

    Scenario: A source that earned nothing
      Given Ada writes the post "Hello"
      When Ada looks at her own history with "source=lesson_completed"
      Then the history is empty
      And the history ends there

  Rule: A malformed parameter is told of, whoever it comes from.

    Scenario Outline: <parameters>
      When Ada looks at her own history with "<parameters>"
      Then the answer is 400 BAD_REQUEST "<detail>"

      Examples:
        | parameters                              | detail                                         |
        | limit=0                                 | limit must be a number from 1 to 100           |
        | limit=101                               | limit must be a number from 1 to 100           |
        | limit=-1                                | limit must be a number from 1 to 100           |
        | limit=many                              | limit must be a number from 1 to 100           |
        | limit=                                  | limit must be a number from 1 to 100           |
        | source=Post_Created                     | source must be a source of points              |
        | source=                                 | source must be a source of points              |
        | cursor=                                 | cursor must be one that an earlier answer gave |
        | cursor=nonsense                         | cursor must be one that an earlier answer gave |
        | cursor=AAAAAAAAAAAAAAAAAAAAAH__________ | cursor must be one that an earlier answer gave |
        | cursor=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA | cursor is of another history                   |

    Scenario: A parameter that is not known here
      When Ada looks at her own history with "page=2"
      Then the answer is 400 BAD_REQUEST

  Rule: Polling is cheap and never stale.

    Scenario: Nothing has changed
      Given Ada has earned 4 points
      When Ada looks at her own history
      And Ada asks for the same again, naming what she has
      Then the answer is 304
      And the answer has no body
      And the answer may be kept by its reader, who asks each time

    Scenario: An award is seen at once
      Given Ada has earned 4 points
      When Ada looks at her own history
      And Ada earns 2 points
      And Ada asks for the same again, naming what she has
      Then the answer is 200
      And the history has 3 entries
