"""`python -m ragstudy` is the command `ragstudy`."""

from ragstudy.cli.main import main

if __name__ == "__main__":
    main()
