package io.veloz.wal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.WalFencedException;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.WalShipper;
import io.veloz.wal.orders.OrderNew;
import io.veloz.wal.orders.Side;
import io.veloz.wal.restore.RestoreOptions;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class ArchivedEngineTest {
    @TempDir
    Path dir;

    private final RecordingVenue venue = new RecordingVenue();

    private String archive() {
        return dir.resolve("archive").toUri().toString();
    }

    private OrderEngine started(String name, long takeOver) {
        return started(name, takeOver, PublishWhen.DURABLE);
    }

    private OrderEngine started(String name, long takeOver, PublishWhen publishWhen) {
        OrderEngine engine = new OrderEngine(
                OrderEngine.settings(dir.resolve(name)).toBuilder()
                        .checkpointInterval(Duration.ofDays(1))
                        .build(),
                venue,
                ShipperConfig.builder(archive()).takeOver(takeOver).build(),
                publishWhen);
        engine.start();
        return engine;
    }

    private static boolean awaitArchived(OrderEngine engine) {
        WalShipper shipper = engine.shipper().orElseThrow();
        return shipper.awaitArchived(engine.stats().durableSequence(), Duration.ofSeconds(60));
    }

    private static OrderNew order(String id) {
        return OrderNew.limit(id, "BTCUSDT", Side.BUY, 2.0, 50_000.0);
    }

    @Test
    void engineOnAnotherHostContinuesWithTheArchivedOrdersAndTheFirstOneStopsTrading() {
        try (OrderEngine first = started("first", 0)) {
            first.place(order("a"));
            assertThat(awaitArchived(first)).isTrue();

            long epoch = WalRecovery.restoreFrom(archive(), RestoreOptions.into(dir.resolve("second")))
                    .plan()
                    .epoch();
            try (OrderEngine second = started("second", epoch)) {
                assertThat(second.order("a").symbol()).isEqualTo("BTCUSDT");
                second.place(order("b"));
                assertThat(awaitArchived(second)).isTrue();

                // The first one has not detected yet that it is fenced.
                first.place(order("c"));
                assertThatThrownBy(() -> awaitArchived(first)).isInstanceOf(WalFencedException.class);
                assertThat(first.health().ready()).isFalse();
                assertThatThrownBy(() -> first.place(order("d")))
                        .isInstanceOf(TradingStoppedException.class)
                        .hasMessageContaining("another engine has taken over");
            }
        }
        assertThat(venue.sent).containsExactly("a", "b", "c");
    }

    /** Compare with the test above, where order "c" was sent to the venue although another engine had its archive. */
    @Test
    void engineThatPublishesWhenArchivedSendsNothingAfterItWasFenced() {
        try (OrderEngine first = started("first", 0, PublishWhen.ARCHIVED)) {
            first.place(order("a"));
            assertThat(first.shipper().orElseThrow().archivedSequence()).isEqualTo(1);

            long epoch = WalRecovery.restoreFrom(archive(), RestoreOptions.into(dir.resolve("second")))
                    .plan()
                    .epoch();
            try (OrderEngine second = started("second", epoch, PublishWhen.ARCHIVED)) {
                second.place(order("b"));

                // The first one has not detected yet that it is fenced.
                assertThatThrownBy(() -> first.place(order("c"))).isInstanceOf(WalFencedException.class);
                assertThat(first.health().ready()).isFalse();
                assertThatThrownBy(() -> first.place(order("d"))).isInstanceOf(TradingStoppedException.class);
            }
        }
        assertThat(venue.sent).containsExactly("a", "b");
    }

    @Test
    void orderWaitsWhileTheArchiveIsUnreachableAndCancellationsDoNotOvertakeIt() throws Exception {
        Path root = Path.of(URI.create(archive()));
        Path away = dir.resolve("away");
        try (OrderEngine engine = started("first", 0, PublishWhen.ARCHIVED)) {
            engine.place(order("a"));
            Files.move(root, away);
            assertThat(engine.place(order("b"), Duration.ofMillis(50))).isFalse();
            assertThatThrownBy(() -> engine.place(order("b")))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("order b has been placed before");
            engine.opened().awaitApplied(engine.stats().lastSequence());
            assertThat(venue.sent).containsExactly("a");
            CompletableFuture<Void> canceled = start(() -> engine.cancel("b"));
            assertThat(venue.cancels).isEmpty();
            Files.move(away, root);
            canceled.get(60, TimeUnit.SECONDS);
            assertThat(venue.sent).containsExactly("a", "b");
            assertThat(venue.cancels).containsExactly("b");
        }
    }

    private static CompletableFuture<Void> start(Runnable task) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                task.run();
                done.complete(null);
            } catch (Throwable t) {
                done.completeExceptionally(t);
            }
        });
        thread.setDaemon(true);
        thread.start();
        return done;
    }

    @Test
    void publishingWhenArchivedNeedsAnArchive() {
        assertThatThrownBy(() -> new OrderEngine(OrderEngine.settings(dir), venue, null, PublishWhen.ARCHIVED))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("publish when archived: expected an archive");
    }

    @Test
    void engineWithoutAnArchiveHasNoShipper() {
        try (OrderEngine engine = new OrderEngine(OrderEngine.settings(dir), venue)) {
            engine.start();
            assertThat(engine.shipper()).isEmpty();
        }
    }
}
