"""How good, and how sure: protocols, lists for all test users, numbers with intervals."""
