# SPDX-License-Identifier: BSD-3-Clause
"""A CA and certificates by it, which OpenSSL's command line makes in a folder."""
import os
import ssl

from lab import sh

EC = ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")
RSA = ("rsa:2048",)
# Without a configuration of its own, openssl req makes each certificate one of an authority.
REQUEST = "[req]\ndistinguished_name = name\n[name]\n"


class Authority:
    """Certificates NAME.pem with their keys NAME.key; `ca` is the one that signs the others."""

    def __init__(self, folder):
        self.folder = folder
        with open(self.path("req.conf"), "w", encoding="utf-8") as f:
            f.write(REQUEST)
        self.make("ca", "Test CA", "basicConstraints=critical,CA:TRUE",
                  "keyUsage=keyCertSign,cRLSign", issuer=None)

    def path(self, name):
        return os.path.join(self.folder, name)

    def make(self, name, subject, *extensions, issuer="ca", key=EC):
        """A certificate of 30 days for a CN, which more may stand behind ("x/O=Corp"); without an
        issuer it has signed itself."""
        signed = ("-CA", self.path(f"{issuer}.pem"), "-CAkey", self.path(f"{issuer}.key")) \
            if issuer else ()
        sh(*self.request(name, subject, extensions, key), "-x509", "-days", 30, "-out",
           self.path(f"{name}.pem"), *signed)

    def make_expired(self, name, subject, *extensions):
        """Its last day was yesterday; only openssl x509 makes such ones."""
        sh(*self.request(name, subject, extensions, EC), "-out", self.path(f"{name}.csr"))
        sh("openssl", "x509", "-req", "-in", self.path(f"{name}.csr"), "-CA", self.path("ca.pem"),
           "-CAkey", self.path("ca.key"), "-CAcreateserial", "-days", "-1", "-copy_extensions",
           "copy", "-out", self.path(f"{name}.pem"))

    def request(self, name, subject, extensions, key):
        """The command that all begin with: a new key, and for whom it is."""
        added = [word for each in extensions for word in ("-addext", each)]
        return ("openssl", "req", "-new", "-config", self.path("req.conf"), "-newkey", *key,
                "-nodes", "-subj", f"/CN={subject}", "-keyout", self.path(f"{name}.key"), *added)

    def trusted(self):
        """What Python's clients begin with."""
        return ssl.create_default_context(cafile=self.path("ca.pem"))

    def revoke(self, name):
        """A list of the CA's with this certificate in it: its path."""
        with open(self.path("ca.conf"), "w", encoding="utf-8") as f:
            f.write("[ca]\ndefault_ca = one\n[one]\n"
                    f"database = {self.path('index')}\ndefault_md = sha256\n"
                    f"default_crl_days = 30\ncertificate = {self.path('ca.pem')}\n"
                    f"private_key = {self.path('ca.key')}\n")
        with open(self.path("index"), "w", encoding="utf-8"):
            pass
        command = ("openssl", "ca", "-config", self.path("ca.conf"))
        sh(*command, "-revoke", self.path(f"{name}.pem"))
        sh(*command, "-gencrl", "-out", self.path("crl.pem"))
        return self.path("crl.pem")
