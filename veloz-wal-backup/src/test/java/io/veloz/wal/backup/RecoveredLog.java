package io.veloz.wal.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.WalShipper;
import io.veloz.wal.archive.store.DirectoryStore;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.backup.internal.place.Trees;
import io.veloz.wal.fault.Logs;
import io.veloz.wal.orders.OrderLog;
import io.veloz.wal.orders.OrderLogConfig;
import io.veloz.wal.orders.OrderNew;
import io.veloz.wal.orders.OrderReplay;
import io.veloz.wal.orders.Side;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** An engine whose log is shipped and backed up once, with records 1 to 3, for tests that recover its log. */
abstract class RecoveredLog {
    static final Set<Kind> FILES = EnumSet.of(Kind.CONFIGURATION);

    @TempDir
    Path dir;

    TestKeys keys;
    ObjectStore store;
    BackupProfile profile;

    @BeforeEach
    void makePoint() throws Exception {
        keys = new TestKeys(dir.resolve("keys"));
        Files.createDirectories(dir.resolve("etc/veloz"));
        Files.writeString(dir.resolve("etc/veloz/config.yaml"), "depth: 5\n");
        Path file = dir.resolve("backup.properties");
        Files.writeString(
                file,
                "state.directory = state\nconfiguration.roots = etc/veloz\nlog.directory = data/wal\n"
                        + keys.profileLines());
        profile = BackupProfile.read(file);
        store = new DirectoryStore(archive());
        run(1, 3, true);
    }

    @AfterEach
    void closeStore() throws IOException {
        store.close();
    }

    Path archive() {
        return dir.resolve("archive");
    }

    Path log() {
        return dir.resolve("data/wal");
    }

    String uri() {
        return archive().toUri().toString();
    }

    /** The engine writes some orders, which are shipped; a backup may be made meanwhile. */
    void run(int first, int last, boolean backup) throws Exception {
        try (OrderLog orders = OrderLog.open(OrderLogConfig.builder(log()).build());
                WalShipper shipper = WalShipper.start(
                        orders.wal(), ShipperConfig.builder(uri()).build())) {
            append(orders, first, last);
            assertThat(shipper.awaitArchived(orders.wal().lastSequence(), Duration.ofSeconds(30)))
                    .isTrue();
            // A close leaves a sealed segment in tails if its upload runs; then the archive would depend on timing.
            Logs.await("all segments are committed", () -> shipper.status().spoolBytes() == 0);
            if (backup) {
                new Backup(store, profile, LogPosition.of(orders.wal())).run(FILES);
            }
        }
    }

    static void append(OrderLog orders, int first, int last) {
        for (int i = first; i <= last; i++) {
            orders.appendDurable(order(i));
        }
    }

    static OrderNew order(int i) {
        return OrderNew.limit("order-" + i, "BTCUSDT", Side.BUY, 1, 100);
    }

    RecoveryReport recover(RecoveryOptions options) throws IOException {
        Recovery recovery = new Recovery(profile);
        return recovery.run(store, recovery.plan(store, options), keys.recovery(), RecoveryProgress.NONE);
    }

    RecoveryOptions whole() {
        return RecoveryOptions.of(FILES).log(uri(), Map.of());
    }

    int orders() {
        return OrderReplay.read(ReadOptions.of(log())).store().count();
    }

    /** The engine writes some orders, and its process dies: nothing closes the log. */
    void writeAndDie(int first, int last) throws IOException {
        Path died = dir.resolve("died");
        try (OrderLog orders = OrderLog.open(OrderLogConfig.builder(log()).build())) {
            append(orders, first, last);
            copy(log(), died);
        }
        Trees.delete(log());
        Files.move(died, log());
    }

    /** The engine writes some orders, which are not shipped. */
    void write(int first, int last) {
        try (OrderLog orders = OrderLog.open(OrderLogConfig.builder(log()).build())) {
            append(orders, first, last);
        }
    }

    /** Cuts the first segment in its first batch. */
    void damage() throws IOException {
        Path first = log().resolve(LogFiles.of(log()).sealedName(1));
        Files.write(first, Arrays.copyOf(Files.readAllBytes(first), 4096 + 20));
    }

    /** Copies the files of a directory. */
    static void copy(Path from, Path to) throws IOException {
        Files.createDirectory(to);
        try (DirectoryStream<Path> files = Files.newDirectoryStream(from)) {
            for (Path file : files) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
    }
}
