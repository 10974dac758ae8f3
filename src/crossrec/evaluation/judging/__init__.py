"""What judging beyond accuracy needs to know: the kinds of items, what is popular, what askers are used to."""
