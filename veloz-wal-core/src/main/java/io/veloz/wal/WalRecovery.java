package io.veloz.wal;

import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.recovery.Analyser;
import io.veloz.wal.internal.recovery.Analyser.Depth;
import io.veloz.wal.internal.recovery.Analysis;
import io.veloz.wal.internal.recovery.Recovery;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.UninterruptibleThread;
import java.io.IOException;
import java.nio.file.Path;

/** Looks at logs that need not be open, and rescues what is left of one. Any thread may call any method. */
public final class WalRecovery {
    private WalRecovery() {}

    /**
     * Says what the next open would find: segments, ranges, verdicts. Reads headers and footers, and all of the segment
     * that was written last. Changes nothing, also beside a writer.
     *
     * @throws WalOpenException if the directory cannot be read
     */
    public static RecoveryReport inspect(ReadOptions options) {
        return look(options, Depth.STRUCTURE, WalProgress.NONE);
    }

    /**
     * The same, but reads and checks every byte.
     *
     * @throws WalOpenException if the directory cannot be read
     */
    public static RecoveryReport verify(ReadOptions options, WalProgress progress) {
        return look(options, Depth.CONTENT, progress);
    }

    private static RecoveryReport look(ReadOptions options, Depth depth, WalProgress progress) {
        Storage storage = options.openStorage();
        SegmentNames names = new SegmentNames(options.prefix);
        long started = System.nanoTime();
        try {
            return BesideWriter.look(() -> storage.isLocked(names.lock()), (live, last) -> {
                Analysis analysis = new Analyser(storage, names, depth, options.acceptMissingEnds, live)
                        .progress(progress)
                        .analyse();
                boolean sound = analysis.problem(storage.describe()) == null;
                return sound || last ? Recovery.report(analysis, storage, started) : null;
            });
        } catch (IOException e) {
            throw new WalOpenException("cannot read " + storage.describe() + ": " + e, e);
        }
    }

    /**
     * Copies everything that can still be read from a damaged log into a new one. Sequences, times and groups stay; what
     * is lost is declared in the new log, which opens and reads without an error and reports the losses. The damaged log
     * is only read.
     *
     * <p>When this returns the new log is on disk in full. Until then there is only a directory of that name with
     * ".partial" behind it.
     *
     * @param target a directory that does not exist, or is empty
     * @throws WalOpenException if the target is there already, or one of the two cannot be used
     * @throws WalDiskFullException if there is no room for the copy
     */
    public static SalvageReport salvage(ReadOptions options, Path target, WalProgress progress) {
        try {
            return UninterruptibleThread.call("veloz-wal-salvage", () -> Salvage.run(options, target, progress));
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new WalOpenException("cannot salvage into " + target + ": " + e, e);
        }
    }
}
