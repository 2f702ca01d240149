"""What is found in calls while they go on, and when somebody should look at one."""
