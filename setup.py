"""Makes the man page from the parsers of the commands when a wheel is built; all else is in pyproject.toml."""

import re
import sys
from pathlib import Path

from build_manpages import build_manpages, get_build_py_cmd, get_install_cmd
from setuptools import setup

sys.path.insert(0, str(Path(__file__).parent))  # the build imports the parsers, which need no other package


class Manual(build_manpages):
    """The man page, in which a line may begin with a suffix such as .wav: troff takes it for a macro."""

    def run(self) -> None:
        super().run()
        page = Path("build/beep.1")
        page.write_text(re.sub(r"^\.(?=[a-z]{3})", r"\\&.", page.read_text(), flags=re.M))


setup(cmdclass={"build_manpages": Manual, "build_py": get_build_py_cmd(), "install": get_install_cmd()})
