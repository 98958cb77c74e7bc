Feature: Exactly once, by meaning
  Events arrive at least once: late, twice, in any order, and the same fact may come again under a new event id.

  Background:
    Given the community "Makers" with the admin Grace and the members Ada and Bob

  Rule: A post, a comment and a lesson award once by their own identity

    Scenario: The same event twice counts once
      Given Ada writes the post "Hello"
      When that arrives again
      Then the verdict is duplicate
      And Ada has 2 points

    Scenario: A post under a new event id is still the same post
      Given Ada writes the post "Hello"
      When that arrives again under a new id
      Then the verdict is duplicate
      And Ada has 2 points

    Scenario: A comment under a new event id is still the same comment
      Given Ada writes the comment "Welcome"
      When that arrives again under a new id
      Then the verdict is duplicate
      And Ada has 1 point

    Scenario: A lesson is completed only once, whatever the event is called
      Given Ada completes the lesson "Ownership" of the course "Rust"
      When that arrives again under a new id
      Then the verdict is duplicate
      And Ada has 5 points

    Scenario: A post that is said to be somebody else's later stays its first author's
      Given Ada writes the post "Hello"
      When Bob writes the post "Hello"
      Then the verdict is duplicate
      And Ada has 2 points
      And Bob has 0 points

    Scenario: The same post twice in one batch counts once
      Given the platform holds its events back
      And Ada writes the post "Hello"
      And Ada writes the post "Hello"
      When they arrive in one batch
      Then the verdicts are applied and duplicate
      And Ada has 2 points

  Rule: A like is a switch per (content, liker) whose newest change wins (`sequence` where the event carries it, else `time`, then event id).

    Scenario: A like under a new event id is still the same like
      Given Bob likes Ada's post "Hello"
      When that arrives again under a new id
      Then the verdict is duplicate
      And Ada has 1 point

    Scenario: A like that is overtaken by its unlike counts nothing
      Given Bob unlikes Ada's post "Hello", at 11:05
      When Bob likes Ada's post "Hello", at 11:04
      Then the verdict is stale
      And Ada has 0 points

    Scenario: An unlike that is overtaken by a newer like takes nothing
      Given Bob likes Ada's post "Hello", at 11:00
      And Bob likes Ada's post "Hello", at 11:10
      When Bob unlikes Ada's post "Hello", at 11:05
      Then the verdict is stale
      And Ada has 1 point

    Scenario: The number of an event says more than its time
      Given Bob likes Ada's post "Hello", at 11:30 as number 7
      When Bob unlikes Ada's post "Hello", at 11:00 as number 8
      Then the verdict is applied
      And Ada has 0 points

    Scenario: Numbers compare as numbers
      Given Bob likes Ada's comment "Welcome", as number 10
      When Bob unlikes Ada's comment "Welcome", as number 9
      Then the verdict is stale
      And Ada has 1 point

    Scenario: The switches of two people are turned each by itself
      Given Bob likes Ada's post "Hello", at 11:10
      When Grace unlikes Ada's post "Hello", at 11:20
      Then Ada has 1 point

  Rule: So any shuffling and any repetition of one history ends at the same totals.

    Scenario Outline: A like, its undoing and the next like, delivered as <order>
      Given the platform holds its events back
      And Bob likes Ada's post "Hello", at 11:00
      And Bob unlikes Ada's post "Hello", at 11:10
      And Bob likes Ada's post "Hello", at 11:20
      When they arrive one by one in the order <order>
      Then Ada has 1 point

      Examples:
        | order               |
        | 1, 2, 3             |
        | 1, 3, 2             |
        | 2, 1, 3             |
        | 2, 3, 1             |
        | 3, 1, 2             |
        | 3, 2, 1             |
        | 2, 3, 2, 1, 3, 1, 2 |

    Scenario: A whole history again changes nothing
      Given Ada writes the post "Hello"
      And Bob likes Ada's post "Hello"
      And Bob unlikes Ada's post "Hello"
      And Ada completes the lesson "Ownership" of the course "Rust"
      And Grace likes Ada's post "Hello"
      When everything arrives again
      Then nothing is applied
      And Ada has 8 points

    Scenario: A whole history again, backwards and under new ids, changes nothing
      Given Ada writes the post "Hello"
      And Bob likes Ada's post "Hello"
      And Bob unlikes Ada's post "Hello"
      And Bob writes the comment "Welcome"
      And Ada likes Bob's comment "Welcome"
      When everything arrives again, backwards under new ids
      Then nothing is applied
      And Ada has 2 points
      And Bob has 2 points

    Scenario: A history that arrives backwards for the first time ends the same
      Given the platform holds its events back
      And Eve joins
      And Eve writes the post "Hello"
      And Bob likes Eve's post "Hello"
      And Grace likes Eve's post "Hello"
      And Bob unlikes Eve's post "Hello"
      When they arrive one by one in the order 5, 4, 3, 2, 1
      Then Eve has 3 points

  Rule: Events arrive at least once: late, twice, in any order, from a live feed and a backfill file at the same time

    Scenario: Two deliveries of one history at the same moment count once
      Given the platform holds its events back
      And Ada writes the post "Hello"
      And Ada writes the comment "Welcome"
      And Bob likes Ada's post "Hello"
      And Grace likes Ada's post "Hello"
      And Bob completes the lesson "Ownership" of the course "Rust"
      When they arrive twice at the very same moment
      Then Ada has 5 points
      And Bob has 5 points

  Rule: A `time` in the future counts as the moment of receipt, so a producer's bad clock can't jam a switch.

    Scenario: A like from the future can be taken back today
      Given Bob likes Ada's post "Hello", by a clock that is a year ahead
      When Bob unlikes Ada's post "Hello", by a clock that is right
      Then the verdict is applied
      And Ada has 0 points

    Scenario: A departure from the future doesn't keep a member away
      Given Bob leaves, by a clock that is a year ahead
      When Bob joins, by a clock that is right
      Then the verdict is applied
      And Bob has 0 points
