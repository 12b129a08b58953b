"""Rackwright turns one site file into an accepted AI rack.

The path of the data is the list of its modules; every arrow is a frozen value that can be written to
disk and read back::

    site     = intent.load("site.yaml")        what the operator wrote
    plan     = plan.build(site, lock)          every name, port, cable, address, ASN, VNI, watt
    files    = render.everything(plan)         device -> exact text
    findings = check.run(plan, files)          what is wrong before anything is touched
    changes  = diff.between(running, files)    + ~ - with paths, and what each change disrupts

All of it is pure: equal intent gives byte-equal output. Nothing is imported here, so that
``rackwright --help`` stays quick.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
