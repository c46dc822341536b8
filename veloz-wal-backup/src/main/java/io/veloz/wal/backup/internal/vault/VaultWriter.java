package io.veloz.wal.backup.internal.vault;

import io.veloz.wal.backup.internal.vault.JsonValue.Arr;
import io.veloz.wal.backup.internal.vault.JsonValue.Literal;
import io.veloz.wal.backup.internal.vault.JsonValue.Obj;
import io.veloz.wal.backup.internal.vault.VaultClient.Answer;
import io.veloz.wal.backup.internal.vault.VaultException.Reason;
import io.veloz.wal.backup.internal.vault.VaultSecret.State;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Writes one secret with its history. The requests, in this order:
 *
 * <ol>
 *   <li>version 1 with {@code cas=0}: the server refuses it unless the path is empty
 *   <li>the mark of an unfinished import, and room for as many versions as the export has
 *   <li>versions 2 to the current one, each with {@code cas} of the one before; those without data with a filler, so the
 *       numbers are kept
 *   <li>destroy and delete of what is destroyed, dropped or deleted in the export
 *   <li>the settings of the export, which remove the mark
 * </ol>
 *
 * It belongs to one thread.
 */
final class VaultWriter {
    private final VaultClient client;
    private final VaultReader reader;

    VaultWriter(VaultClient client, VaultReader reader) {
        this.client = client;
        this.reader = reader;
    }

    /**
     * Writes a secret from its first version or from where an earlier import was cut, reads it and compares it.
     *
     * @param done versions that the server has
     */
    void write(VaultSecret secret, int done) throws IOException {
        if (secret.mount().version() == 1) {
            require(secret, client.post(secret.name(), data(secret)));
        } else {
            writeVersions(secret, done);
            require(secret, client.post(request(secret, "metadata"), secret.settings()));
        }
        Optional<VaultSecret> written = reader.read(secret.mount(), secret.path());
        List<String> differences =
                written.isEmpty() ? List.of("it is missing") : VaultComparison.differences(secret, written.get());
        if (!differences.isEmpty()) {
            throw changed(secret, String.join(", ", differences));
        }
    }

    private static Obj data(VaultSecret secret) {
        if (VaultComparison.written(secret, 1) instanceof Obj obj) {
            return obj;
        }
        throw new VaultException(Reason.UNUSABLE, "Vault: " + secret.name() + ": the data is not an object");
    }

    private void writeVersions(VaultSecret secret, int done) throws IOException {
        if (secret.current() == 0) {
            return;
        }
        if (done == 0) {
            writeVersion(secret, 1);
        }
        int room = secret.current() - Math.min(secret.oldest(), secret.current()) + 1;
        Obj mark = new Obj()
                .put("custom_metadata", VaultComparison.UNFINISHED)
                .put("max_versions", room)
                .put("cas_required", Literal.FALSE)
                .put("delete_version_after", "0s");
        require(secret, client.post(request(secret, "metadata"), mark));
        for (int number = Math.max(2, done + 1); number <= secret.current(); number++) {
            writeVersion(secret, number);
        }
        change(secret, "destroy", State.DESTROYED);
        change(secret, "delete", State.DELETED);
    }

    /** An attempt whose answer was lost makes the next one fail, so a mismatch is compared with what the server has. */
    private void writeVersion(VaultSecret secret, int number) throws IOException {
        Obj body = new Obj()
                .put("options", new Obj().put("cas", number - 1))
                .put("data", VaultComparison.written(secret, number));
        Answer answer = client.post(request(secret, "data"), body);
        if (answer.found()) {
            return;
        }
        Optional<VaultSecret> found = reader.read(secret.mount(), secret.path());
        if (found.isEmpty() || found.get().current() < number) {
            require(secret, answer);
        }
        if (found.isEmpty()
                || found.get().current() != number
                || !Optional.of(VaultComparison.written(secret, number)).equals(dataOf(found.get(), number))) {
            throw changed(secret, "version " + number + " was written by another client");
        }
    }

    private static Optional<JsonValue> dataOf(VaultSecret secret, int number) {
        VaultSecret.Version version = secret.versions().get(number);
        return version == null ? Optional.empty() : version.data();
    }

    private void change(VaultSecret secret, String operation, State state) throws IOException {
        List<JsonValue> numbers = new ArrayList<>();
        for (int number = 1; number <= secret.current(); number++) {
            if (secret.state(number) == state) {
                numbers.add(new Literal(Integer.toString(number)));
            }
        }
        if (!numbers.isEmpty()) {
            require(secret, client.post(request(secret, operation), new Obj().put("versions", new Arr(numbers))));
        }
    }

    private static String request(VaultSecret secret, String operation) {
        return secret.mount().request(operation, secret.path());
    }

    private static void require(VaultSecret secret, Answer answer) {
        if (!answer.found()) {
            throw new VaultException(
                    Reason.UNUSABLE,
                    "Vault: " + secret.name() + ": the server refused a request with" + " HTTP status "
                            + answer.status() + "; check the mount and its limits");
        }
    }

    private static VaultException changed(VaultSecret secret, String what) {
        return new VaultException(Reason.DIFFERS, "Vault: " + secret.name() + " changed during the import: " + what);
    }
}
