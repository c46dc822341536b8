package io.veloz.wal.ops;

import io.veloz.wal.legacy.LegacyMode;
import io.veloz.wal.legacy.LegacyReplay;
import io.veloz.wal.legacy.LegacyStats;
import java.util.Arrays;
import java.util.Iterator;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** {@code legacy-orders}: the state that one of the engine's own logs adds up to. */
@Command(
        name = "legacy-orders",
        description = {
            "Replays a log that the engine itself wrote, and prints every order as JSON, with stats and findings.",
            "",
            "Mode default restores what was really true and reports every doubtful place. Modes legacy-a and legacy-b"
                    + " restore what the engine of commit 15540e3 or 2972c847 would, mistakes included. The old log is only"
                    + " read; no engine should write it meanwhile."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal legacy-orders /var/lib/veloz/wal",
            "  veloz-wal legacy-orders /var/lib/veloz/wal --mode legacy-b | jq .findings",
            "",
            "  0   no finding",
            "  1   findings, nothing acknowledged lost",
            "  2   acknowledged data is or may be lost",
            "  4   refused: there is no log of the engine in LEGACY_DIR",
            "  64  usage"
        })
final class LegacyOrdersCommand implements Callable<Integer> {
    private final Streams streams;

    @Mixin
    private final LegacyArguments log = new LegacyArguments();

    @Option(
            names = "--mode",
            paramLabel = "MODE",
            converter = ModeConverter.class,
            completionCandidates = ModeNames.class,
            description = "${COMPLETION-CANDIDATES}. Default: default.")
    private LegacyMode mode = LegacyMode.DEFAULT;

    @Option(names = "--json", description = "Accepted for symmetry: the output is JSON anyway.")
    private boolean unusedJson;

    LegacyOrdersCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        LegacyReplay replay = log.open().replay(mode);
        Output out = streams.out();
        Json to = new Json(out).object();
        to.field("mode", mode.commandLineName());
        to.field("sequence_after_constructor", replay.sequenceAfterConstructor());
        to.field("sequence_after_replay", replay.sequenceAfterReplay());
        write(to, replay.stats());
        LegacyFindings.write(to, replay);
        OrdersJson.writeCounts(to, replay.orders());
        OrdersJson.writeOrders(to, out, replay.orders());
        to.endObject();
        out.character('\n').flush();
        LegacyFindings.tell(replay, streams);
        return LegacyFindings.exitCode(replay);
    }

    private static void write(Json json, LegacyStats stats) {
        json.name("stats").object();
        json.field("entries_written", stats.entriesWritten()).field("entries_replayed", stats.entriesReplayed());
        json.field("bytes_written", stats.bytesWritten()).field("bytes_replayed", stats.bytesReplayed());
        json.field("rotations", stats.rotations()).field("checkpoints", stats.checkpoints());
        json.field("corrupted_entries", stats.corruptedEntries());
        json.field("current_sequence", stats.currentSequence()).endObject();
    }

    /** For the help. */
    static final class ModeNames implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Arrays.stream(LegacyMode.values())
                    .map(LegacyMode::commandLineName)
                    .iterator();
        }
    }

    /** For the command line. */
    static final class ModeConverter implements ITypeConverter<LegacyMode> {
        @Override
        public LegacyMode convert(String name) {
            return Arrays.stream(LegacyMode.values())
                    .filter(mode -> mode.commandLineName().equals(name))
                    .findFirst()
                    .orElseThrow(() -> new TypeConversionException(
                            "'" + name + "', expected " + String.join(", ", new ModeNames())));
        }
    }
}
