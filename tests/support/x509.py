"""Certificates of clients as members make them: by openssl, self-signed unless told otherwise."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from support.tools import need

P256 = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")


@dataclass(frozen=True, slots=True)
class Shown:
    """A certificate (PEM) and its private key, as files."""

    certificate: Path
    key: Path

    @property
    def pem(self) -> bytes:
        """The certificate alone."""
        return self.certificate.read_bytes()


def openssl(*words: str | Path) -> bytes:
    """Run openssl; what it says on stdout."""
    return subprocess.run([need("openssl"), *words], check=True, capture_output=True).stdout


def make(folder: Path, name: str = "member", *more: str, key: tuple[str, ...] = P256, days: int = 2) -> Shown:
    """Make a key and a self-signed certificate for clients in `folder`; `more` are further words for `openssl req`."""
    made = Shown(folder / f"{name}.pem", folder / f"{name}.key")
    subject = ("-subj", f"/O=CERT of Example/CN={name}", "-days", str(days))
    usage = more or ("-addext", "extendedKeyUsage=clientAuth")
    files = ("-keyout", made.key, "-out", made.certificate)
    openssl("req", "-x509", *key, "-nodes", *subject, *usage, *files)
    return made


def make_for(folder: Path, start: str, end: str, name: str = "member") -> Shown:
    """Make one that is good between two times, such as 20190101000000Z: for tests whose clock stands elsewhere."""
    made = make(folder, name)
    database, settings, asked = folder / f"{name}.index", folder / f"{name}.cnf", folder / f"{name}.csr"
    database.write_text("", encoding="ascii")
    settings.write_text(
        f"[ca]\ndefault_ca=d\n[d]\ndatabase={database}\nnew_certs_dir={folder}\nrand_serial=yes\n"
        "default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n",
        encoding="ascii",
    )
    openssl("req", "-new", "-key", made.key, "-subj", f"/CN={name}", "-out", asked)
    files = ("-in", asked, "-out", made.certificate, "-keyfile", made.key)
    openssl("ca", "-config", settings, "-batch", "-notext", "-selfsign", "-startdate", start, "-enddate", end, *files)
    return made


def expired(folder: Path) -> Shown:
    """One that ended in 2020."""
    return make_for(folder, "20190101000000Z", "20200101000000Z", "old")
