"""The verbs, decided but not done: every planner reads Facts and returns a Plan, and touches nothing else."""
