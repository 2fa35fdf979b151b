"""Build the compiled parts; everything else about the package is in pyproject.toml.

``GONGJI_DEBUG=1`` builds the same with every check switched on (``make debug``).
"""

import os

from Cython.Build import cythonize
from setuptools import Extension, setup

DEBUG = os.environ.get("GONGJI_DEBUG") == "1"

# Only checks that must never change a result are switched here. What does change results
# (cdivision) stays in the header of a .pyx, beside the code that relies on it.
DIRECTIVES = {
    "language_level": 3,
    "boundscheck": DEBUG,
    "initializedcheck": DEBUG,
    "overflowcheck": DEBUG,
    "linetrace": DEBUG,
    "wraparound": False,
}

SOURCES = (
    "engine/_fast.pyx",
    "engine/_identities.pyx",
    "engine/ledger/_link.pyx",
    "engine/ledger/_member_facts.pyx",
    "engine/ledger/_ordinary.pyx",
    "engine/state/_ids.pyx",
    "server/_columns.pyx",
    "server/_decode.pyx",
    "server/_encode.pyx",
    "server/_rows.pyx",
)


def extension(source):
    """Return the extension of one source, named as the module it is."""
    return Extension(
        source.removesuffix(".pyx").replace("/", "."),
        sources=[source],
        extra_compile_args=["-O0", "-g"] if DEBUG else ["-O3"],
        define_macros=[("CYTHON_TRACE_NOGIL", "1")] if DEBUG else [],
    )


setup(
    ext_modules=cythonize(
        [extension(source) for source in SOURCES],
        # Apart, because cythonize notices changed sources but not changed directives.
        build_dir="build/debug" if DEBUG else "build/release",
        compiler_directives=DIRECTIVES,
    ),
)
