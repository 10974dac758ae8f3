"""Models side by side: a leaderboard that can be defended."""
