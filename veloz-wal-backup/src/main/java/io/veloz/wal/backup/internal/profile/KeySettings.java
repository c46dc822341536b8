package io.veloz.wal.backup.internal.profile;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The keys that attachments are encrypted to and signed with. Private keys of recipients are not on the machine that makes
 * backups.
 *
 * @param recipients files of certificates, with the fingerprints that they must have
 * @param signerKey file of the private key that signs every attachment
 * @param signerFingerprint in upper-case hex digits. A recovery accepts no other signer
 * @param signerPassphraseFile empty if the key has no passphrase
 */
public record KeySettings(
        Map<Path, String> recipients, Path signerKey, String signerFingerprint, Optional<Path> signerPassphraseFile) {
    static final List<String> KEYS = List.of(
            "recipients", "recipients.fingerprints", "signer.key", "signer.fingerprint", "signer.passphrase-file");

    static KeySettings read(ProfileFile file) {
        return new KeySettings(
                recipients(file),
                file.path("signer.key"),
                file.fingerprint("signer.fingerprint", file.required("signer.fingerprint")),
                file.optionalPath("signer.passphrase-file"));
    }

    private static Map<Path, String> recipients(ProfileFile file) {
        List<Path> files = file.paths("recipients");
        List<String> fingerprints = file.list("recipients.fingerprints");
        if (files.size() != fingerprints.size()) {
            throw file.bad(
                    "recipients",
                    "has " + files.size() + " files, and recipients.fingerprints " + fingerprints.size()
                            + " fingerprints; expected one for each file, in the same order");
        }
        if (new HashSet<>(files).size() < 2) {
            throw file.bad(
                    "recipients",
                    "has " + files.size() + " file; expected two at least, one of them kept offline: the"
                            + " loss of a single private key must not be the loss of all backups");
        }
        Map<Path, String> recipients = new TreeMap<>();
        for (int i = 0; i < files.size(); i++) {
            recipients.put(files.get(i), file.fingerprint("recipients.fingerprints", fingerprints.get(i)));
        }
        if (new HashSet<>(recipients.values()).size() < files.size()) {
            throw file.bad("recipients.fingerprints", "names one key twice");
        }
        return recipients;
    }
}
