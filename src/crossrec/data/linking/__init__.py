"""Who is one person in several domains: links, their consent and removal, and how many persons domains share."""
