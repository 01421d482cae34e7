"""MySQL and MariaDB, through their own client and dump programs."""
