"""`python -m simulator` is `citysim`."""

from simulator.cli import main

if __name__ == "__main__":
    main(prog_name="citysim")
