package io.veloz.wal.archive.internal.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.LogFiles;
import io.veloz.wal.ReadOptions;
import io.veloz.wal.RestoreOptions;
import io.veloz.wal.RestoreReport;
import io.veloz.wal.Wal;
import io.veloz.wal.WalException;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.SmallLog.Entry;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Fault;
import io.veloz.wal.archive.store.HeapStore.Plan;
import io.veloz.wal.archive.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A restore that dies at any step leaves nothing in its target that opens as a shorter log, and the next one completes (W7). */
@Tag("enumeration")
class RestoreCrashTest {
    private static final int MANY = 220;

    @TempDir
    Path dir;

    private final HeapStore store = new HeapStore();
    private List<Entry> all = List.of();
    private Path target;

    @BeforeEach
    void ship() throws IOException {
        Path source = dir.resolve("source");
        try (Wal wal = SmallLog.open(source)) {
            SmallLog.append(wal, MANY);
        }
        all = SmallLog.read(source);
        new TestArchive(store, source).segment(1).tails(4000, Long.MAX_VALUE);
        assertThat(LogFiles.of(source).sealed()).hasSizeGreaterThan(1);
    }

    private static RestoreReport restore(ObjectStore from, RestoreOptions options, Steps steps) {
        return ArchiveRestore.run(from, options, new Restore(from, options, new Retries(n -> {}), steps)::run);
    }

    @Test
    void dyingAtEveryRequest() {
        for (int n = 1; ; n++) {
            target = dir.resolve("request-" + n);
            HeapStore client = store.client(Plan.at(n, Fault.DIE_BEFORE));
            if (!diesAndCompletes(client, Steps.REAL, RestoreOptions.into(target), all.size())) {
                assertThat(n).isGreaterThan(10);
                return;
            }
        }
    }

    @Test
    void everyRequestMayFailOnce() {
        HeapStore client = store.client(request -> request.number() % 2 == 1 ? Fault.FAIL : null);
        target = dir.resolve("target");
        restore(client, RestoreOptions.into(target).parallelism(1), Steps.REAL);
        assertThat(SmallLog.read(target)).isEqualTo(all);
    }

    @Test
    void dyingAtEveryChangeOfTheDisk() {
        for (int n = 1; ; n++) {
            target = dir.resolve("change-" + n);
            if (!diesAndCompletes(store, new DyingSteps(n), RestoreOptions.into(target), all.size())) {
                assertThat(n).isGreaterThan(20);
                return;
            }
        }
    }

    @Test
    void dyingAtChangesOfTheDiskUpToAPoint() {
        // Not at each: every attempt writes a whole new log.
        for (int n = 1; ; n += 4) {
            target = dir.resolve("point-" + n);
            RestoreOptions options = RestoreOptions.into(target).untilSequence(130);
            if (!diesAndCompletes(store, new DyingSteps(n), options, 130)) {
                assertThat(n).isGreaterThan(20);
                return;
            }
        }
    }

    @Test
    void dyingAtEveryChangeOfTheDiskWhileMerging() throws IOException {
        for (int n = 1; ; n++) {
            target = dir.resolve("merge-" + n);
            copyDamaged(dir.resolve("source"), target);
            RestoreOptions options = RestoreOptions.into(target).merge();
            if (!diesAndCompletes(store, new DyingSteps(n), options, all.size())) {
                assertThat(n).isGreaterThan(20);
                return;
            }
            assertThat(Files.exists(dir.resolve("merge-" + n + ".before-restore-1")))
                    .isTrue();
        }
    }

    private static void copyDamaged(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                byte[] bytes = Files.readAllBytes(file);
                if (file.getFileName().toString().equals("orders_0000000000000001.wal")) {
                    bytes[9000] ^= 1;
                }
                Files.write(to.resolve(file.getFileName()), bytes);
            }
        }
    }

    /** False if it did not die, because there is no step of that number. */
    private boolean diesAndCompletes(ObjectStore from, Steps steps, RestoreOptions options, int expected) {
        boolean died = false;
        try {
            restore(from, options.parallelism(2), steps);
        } catch (WalException e) {
            died = true;
            assertNoShorterLog(target, expected);
            restore(store, options, Steps.REAL);
        }
        assertThat(SmallLog.read(target)).isEqualTo(all.subList(0, expected));
        assertThat(WalRecovery.verify(ReadOptions.of(target), (done, total) -> {})
                        .isSound())
                .isTrue();
        return died;
    }

    private static void assertNoShorterLog(Path directory, int expected) {
        if (!Files.isDirectory(directory) || !holdsSegments(directory)) {
            return;
        }
        var report = WalRecovery.inspect(ReadOptions.of(directory));
        if (report.isSound()) {
            assertThat(report.lastSequence()).isGreaterThanOrEqualTo(expected);
        }
    }

    private static boolean holdsSegments(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            return files.anyMatch(file -> file.getFileName().toString().endsWith(".wal"));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void whatWasFetchedIsNotFetchedAgain() {
        target = dir.resolve("target");
        assertThatThrownBy(() -> restore(store, RestoreOptions.into(target), new DyingSteps("publish")))
                .isInstanceOf(WalException.class);
        RestoreReport report = restore(store, RestoreOptions.into(target), Steps.REAL);
        assertThat(report.reusedFiles()).isEqualTo(1);
    }
}
