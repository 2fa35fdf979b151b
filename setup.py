"""Build the compiled kernel and the codec; everything else about the package is in pyproject.toml.

``GONGJI_DEBUG=1`` builds the same with every check switched on (``make debug``).
"""

import os

from Cython.Build import cythonize
from setuptools import Extension, setup

DEBUG = os.environ.get("GONGJI_DEBUG") == "1"

# Only checks that must never change a result are switched here. What does change results
# (cdivision) stays in the header of _fast.pyx, beside the code that relies on it.
DIRECTIVES = {
    "language_level": 3,
    "boundscheck": DEBUG,
    "initializedcheck": DEBUG,
    "overflowcheck": DEBUG,
    "linetrace": DEBUG,
    "wraparound": False,
}

extensions = [
    Extension(
        name,
        sources=[name.replace(".", os.sep) + ".pyx"],
        extra_compile_args=["-O0", "-g"] if DEBUG else ["-O3"],
        define_macros=[("CYTHON_TRACE_NOGIL", "1")] if DEBUG else [],
    )
    for name in ("engine._fast", "server._encode", "server._decode")
]

setup(
    ext_modules=cythonize(
        extensions,
        # Apart, because cythonize notices changed sources but not changed directives.
        build_dir="build/debug" if DEBUG else "build/release",
        compiler_directives=DIRECTIVES,
    ),
)
