"""What was said in calls of the store."""
