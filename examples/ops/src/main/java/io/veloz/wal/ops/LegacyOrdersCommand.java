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

/** {@code legacy-orders}: prints the orders of an old log of the engine. */
@Command(
        name = "legacy-orders",
        description = {
            "Replays an old log of the engine, and prints all orders as JSON, with statistics and findings.",
            "",
            "Mode default restores the correct state and reports every anomaly. Modes legacy-a and legacy-b restore the same"
                    + " state as the engine of commit 15540e3 or 2972c847, including its bugs. Read-only; no engine should"
                    + " write to the log during the replay."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal legacy-orders /var/lib/veloz/wal",
            "  veloz-wal legacy-orders /var/lib/veloz/wal --mode legacy-b | jq .findings",
            "",
            "  0   no findings",
            "  1   findings; no acknowledged data is lost",
            "  2   acknowledged data is or may be lost",
            "  4   refused: LEGACY_DIR does not contain a log of the engine",
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

    @Option(names = "--json", description = "Accepted for consistency; the output is always JSON.")
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
        LegacyFindings.print(replay, streams);
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

    /** The names of the modes, for the help text. */
    static final class ModeNames implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Arrays.stream(LegacyMode.values())
                    .map(LegacyMode::commandLineName)
                    .iterator();
        }
    }

    /** Parses the name of a mode. */
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
