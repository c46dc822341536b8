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
import java.nio.file.Path;
import java.time.Duration;
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
        OrderEngine engine = new OrderEngine(
                OrderEngine.settings(dir.resolve(name)).toBuilder()
                        .checkpointInterval(Duration.ofDays(1))
                        .build(),
                venue,
                ShipperConfig.builder(archive()).takeOver(takeOver).build());
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

    @Test
    void engineWithoutAnArchiveHasNoShipper() {
        try (OrderEngine engine = new OrderEngine(OrderEngine.settings(dir), venue)) {
            engine.start();
            assertThat(engine.shipper()).isEmpty();
        }
    }
}
