package io.veloz.wal.ops;

import io.veloz.wal.archive.ArchiveEncryption;
import io.veloz.wal.archive.ArchiveEncryption.KeyUse;
import io.veloz.wal.archive.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code keys}: lists the keys that an encrypted archive needs, and stores their encrypted copies. */
@Command(
        name = "keys",
        description = {
            "Lists the keys that are needed to read an archive, with the records that each one encrypts. Verifies the chain;"
                    + " needs no key.",
            "",
            "A key that is not listed, and is not the active one (the last in the file), may be deleted. With --escrow it"
                    + " stores a copy of a key in the archive that you have encrypted to the recovery keys of the backups; `ship`"
                    + " refuses to encrypt by a key without one."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal keys s3://bucket/orders",
            "  grep ^2026-07= keys | gpg --encrypt -r ops -r security -o 2026-07.pgp",
            "  veloz-wal keys s3://bucket/orders --escrow 2026-07 --message 2026-07.pgp",
            "",
            "  0   done",
            "  1   a key that is needed has no copy in the archive",
            "  2   failed: the archive is damaged, or access is denied",
            "  4   refused: the archive has a copy of that key already",
            "  5   the store cannot be reached",
            "  64  usage"
        })
final class KeysCommand implements Callable<Integer> {
    private static final long MAX_MESSAGE_BYTES = 64L * 1024;

    private final Streams streams;

    @Parameters(index = "0", paramLabel = "URI", description = StoreArguments.URI)
    private String uri = "";

    @Option(names = "--escrow", paramLabel = "ID", description = "Store a copy of the key with this id.")
    private @Nullable String escrow;

    @Option(
            names = "--message",
            paramLabel = "FILE",
            description = "With --escrow: the key, encrypted by gpg to the recovery keys.")
    private @Nullable Path message;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @ArgGroup(validate = false, heading = StoreArguments.HEADING)
    private StoreArguments arguments = new StoreArguments();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    KeysCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() throws IOException {
        if ((escrow == null) != (message == null)) {
            throw new ParameterException(spec.commandLine(), "expected --escrow and --message together");
        }
        try (ObjectStore store = arguments.open(spec, uri)) {
            if (escrow != null && message != null && !store(store, escrow, message)) {
                throw new CommandFailure(
                        ExitCode.REFUSED,
                        store.describe() + " has a copy of the key \"" + escrow + "\" already, which is not replaced");
            }
            List<KeyUse> keys = ArchiveEncryption.keys(store);
            int exitCode = keys.stream().allMatch(KeyUse::isEscrowed) ? ExitCode.OK : ExitCode.WARNING;
            if (json) {
                writeJson(store.describe(), exitCode, keys);
            } else {
                write(store.describe(), keys);
            }
            return exitCode;
        }
    }

    private boolean store(ObjectStore store, String id, Path file) throws IOException {
        if (Files.size(file) > MAX_MESSAGE_BYTES) {
            throw new ParameterException(
                    spec.commandLine(),
                    file + ": more than " + MAX_MESSAGE_BYTES + " bytes; expected one encrypted key");
        }
        try {
            return ArchiveEncryption.escrow(store, id, Files.readAllBytes(file));
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
    }

    private void write(String archive, List<KeyUse> keys) {
        Output out = streams.out();
        out.line("archive     " + archive);
        for (KeyUse key : keys) {
            String records = key.firstSequence() < 0
                    ? "checkpoints only"
                    : "records " + Units.count(key.firstSequence()) + " to " + Units.count(key.lastSequence());
            out.line("key         " + key.keyId() + ": " + records + ", in " + Units.count(key.objects(), "object")
                    + (key.isConfigured() ? "" : "; not configured here")
                    + (key.isEscrowed() ? "" : "; NO COPY in the archive"));
        }
        if (keys.isEmpty()) {
            out.line("key         none: the archive is not encrypted");
        }
    }

    private void writeJson(String archive, int exitCode, List<KeyUse> keys) {
        Json to = new Json(streams.out()).object().field("archive", archive).field("exit_code", exitCode);
        to.name("keys").array();
        for (KeyUse key : keys) {
            to.object()
                    .field("id", key.keyId())
                    .field("objects", key.objects())
                    .field("first_sequence", key.firstSequence())
                    .field("last_sequence", key.lastSequence())
                    .field("configured", key.isConfigured())
                    .field("escrowed", key.isEscrowed())
                    .endObject();
        }
        to.endArray().endObject();
        streams.out().character('\n');
    }
}
