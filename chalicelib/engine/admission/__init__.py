"""Who may place an order, and what it takes to accept one."""
