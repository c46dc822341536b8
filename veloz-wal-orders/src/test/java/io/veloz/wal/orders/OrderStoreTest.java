package io.veloz.wal.orders;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.orders.OrderFinding.Kind;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OrderStoreTest {
    private final OrderStore store = new OrderStore();
    private long sequence;

    private void apply(OrderEvent... events) {
        for (OrderEvent event : events) {
            sequence++;
            store.apply(sequence, sequence * 10, event);
        }
    }

    private static OrderNew placed(String id, double quantity) {
        return OrderNew.limit(id, "BTCUSDT", Side.BUY, quantity, 100);
    }

    private static OrderFill fill(String id, double quantity) {
        return OrderFill.of(id, "BTCUSDT", quantity, 100, 5);
    }

    private void verify(String id, String status, Kind... expected) {
        assertThat(order(id).status()).isEqualTo(status);
        assertThat(findings()).containsExactly(expected);
    }

    private static OrderUpdate status(String id, String status) {
        return new OrderUpdate(id, "", status, "", 5);
    }

    private OrderState order(String id) {
        return store.get(id).orElseThrow();
    }

    private List<Kind> findings() {
        return store.findings().stream().map(OrderFinding::kind).toList();
    }

    @Test
    void orderIsTrackedFromNewToFilled() {
        apply(
                placed("A", 2)
                        .withTimeInForce(TimeInForce.GTX)
                        .withPostOnly(true)
                        .withReduceOnly(true),
                new OrderUpdate("A", "V1", "ACCEPTED", "", 7),
                OrderFill.of("A", "BTCUSDT", 0.5, 100, 8).withTradeId("t1").withFee(0.1, "BNB"),
                OrderFill.of("A", "BTCUSDT", 1.5, 104, 9).withTradeId("t2"));
        assertThat(order("A"))
                .isEqualTo(OrderState.builder("A")
                        .symbol("BTCUSDT")
                        .side(Side.BUY)
                        .type(OrderType.LIMIT)
                        .timeInForce(TimeInForce.GTX)
                        .postOnly(true)
                        .reduceOnly(true)
                        .orderQuantity(2.0)
                        .limitPrice(100.0)
                        .executedQuantity(2)
                        .averagePrice(103)
                        .venueOrderId("V1")
                        .status("FILLED")
                        .rawStatus("ACCEPTED")
                        .lastEventNanos(9)
                        .createdNanos(10)
                        .updatedNanos(40)
                        .tradeIds(List.of("t1", "t2"))
                        .build());
        assertThat(findings()).isEmpty();
        assertThat(store.appliedSequence()).isEqualTo(4);
    }

    @Test
    void timesNeverDropAnEvent() {
        apply(placed("A", 3), fill("A", 1), fill("A", 1), OrderFill.of("A", "BTCUSDT", 1, 100, 1));
        assertThat(order("A").executedQuantity()).isEqualTo(3);
        assertThat(order("A").lastEventNanos()).isEqualTo(1);
        assertThat(findings()).isEmpty();
    }

    @Test
    void cancelEndsTheOrder() {
        apply(placed("A", 3), new OrderCancel("A", "user", 4));
        assertThat(order("A").status()).isEqualTo("CANCELED");
        assertThat(order("A").reason()).isEqualTo("user");
        assertThat(store.pendingCount()).isZero();
        assertThat(store.terminalCount()).isEqualTo(1);
    }

    @Test
    void tradeCountsOnce() {
        OrderFill trade = fill("A", 1).withTradeId("t1");
        apply(placed("A", 3), trade, trade, fill("A", 1).withTradeId("t2"));
        assertThat(order("A").executedQuantity()).isEqualTo(2);
        assertThat(order("A").tradeIds()).containsExactly("t1", "t2");
        assertThat(findings()).containsExactly(Kind.DUPLICATE_TRADE);
    }

    @Test
    void tradeCountsOnceAmongMany() {
        apply(placed("A", 1000));
        for (int i = 0; i < 100; i++) {
            apply(fill("A", 1).withTradeId("t" + i), fill("A", 1).withTradeId("t" + i / 2));
        }
        assertThat(order("A").executedQuantity()).isEqualTo(100);
        assertThat(order("A").tradeIds()).hasSize(100).startsWith("t0", "t1").endsWith("t99");
        assertThat(store.findingCounts()).containsEntry(Kind.DUPLICATE_TRADE, 100L);
    }

    @Test
    void olderStatesDoNotSeeLaterTrades() {
        apply(placed("A", 9), fill("A", 1).withTradeId("t1"));
        OrderState before = order("A");
        apply(fill("A", 1).withTradeId("t2"));
        assertThat(before.tradeIds()).containsExactly("t1");
        OrderStore other = new OrderStore();
        other.apply(1, 1, new OrderRestored(before));
        other.apply(2, 2, fill("A", 1).withTradeId("t3"));
        assertThat(other.get("A").orElseThrow().tradeIds()).containsExactly("t1", "t3");
        assertThat(order("A").tradeIds()).containsExactly("t1", "t2");
    }

    @Test
    void statusIsNormalisedAndTheReceivedSpellingIsKept() {
        apply(placed("A", 1), status("A", "CANCELLED"));
        assertThat(order("A").status()).isEqualTo("CANCELED");
        assertThat(order("A").rawStatus()).isEqualTo("CANCELLED");
    }

    @Test
    void statusCanBeKeptAsReceived() {
        OrderStore raw = OrderStore.builder().normaliseStatus(false).build();
        raw.apply(1, 1, placed("A", 1));
        raw.apply(2, 2, status("A", "CANCELLED"));
        raw.apply(3, 3, status("A", "ACCEPTED"));
        assertThat(raw.get("A").orElseThrow().status()).isEqualTo("CANCELLED");
        assertThat(raw.terminalCount()).isEqualTo(1);
    }

    @Test
    void endedOrderNeverBecomesPendingAgain() {
        apply(placed("A", 1), fill("A", 1), new OrderUpdate("A", "V", "ACCEPTED", "late", 9));
        assertThat(order("A").status()).isEqualTo("FILLED");
        assertThat(order("A").venueOrderId()).isEqualTo("V");
        assertThat(order("A").reason()).isEmpty();
        assertThat(findings()).containsExactly(Kind.ILLEGAL_TRANSITION);
    }

    @Test
    void completelyFilledOrderCannotBeCanceled() {
        apply(placed("A", 1), fill("A", 1), new OrderCancel("A", "", 9));
        assertThat(order("A").status()).isEqualTo("FILLED");
        assertThat(findings()).containsExactly(Kind.ILLEGAL_TRANSITION);
    }

    @Test
    void terminalStatusThatReplacesAnotherIsAcceptedAndReported() {
        apply(placed("A", 1), status("A", "REJECTED"), status("A", "EXPIRED"));
        assertThat(order("A").status()).isEqualTo("EXPIRED");
        assertThat(findings()).containsExactly(Kind.ILLEGAL_TRANSITION);
    }

    @Test
    void repeatedTerminalStatusIsNotAFinding() {
        apply(placed("A", 1), new OrderCancel("A", "user", 9), status("A", "CANCELLED"));
        assertThat(order("A").status()).isEqualTo("CANCELED");
        assertThat(findings()).isEmpty();
    }

    @Test
    void fillAfterACancelCountsAndIsReported() {
        apply(placed("A", 1), new OrderCancel("A", "", 9), fill("A", 0.4));
        assertThat(order("A").executedQuantity()).isEqualTo(0.4);
        assertThat(order("A").status()).isEqualTo("CANCELED");
        assertThat(findings()).containsExactly(Kind.FILL_AFTER_TERMINAL);
    }

    @Test
    void statusReceivedBeforeItsFillIsNotAFinding() {
        apply(placed("A", 1), status("A", "FILLED"), fill("A", 1));
        assertThat(order("A").executedQuantity()).isEqualTo(1);
        assertThat(findings()).isEmpty();
    }

    @Test
    void overfillCountsAndIsReported() {
        apply(placed("A", 1), fill("A", 0.8), fill("A", 0.8));
        assertThat(order("A").executedQuantity()).isEqualTo(1.6);
        assertThat(order("A").status()).isEqualTo("FILLED");
        assertThat(findings()).containsExactly(Kind.OVERFILL);
    }

    @Test
    void roundingErrorOfManySmallFillsIsNotAnOverfill() {
        apply(placed("A", 100_000.1));
        for (int i = 0; i < 1000; i++) {
            apply(fill("A", 100.0001));
        }
        assertThat(order("A").status()).isEqualTo("FILLED");
        assertThat(findings()).isEmpty();
    }

    @Test
    void fillsBeforeTheirOrderNewAreAppliedAndReported() {
        apply(fill("A", 1));
        assertThat(order("A").side()).isNull();
        assertThat(order("A").createdNanos()).isZero();
        apply(placed("A", 1));
        assertThat(order("A").status()).isEqualTo("FILLED");
        assertThat(order("A").createdNanos()).isEqualTo(20);
        assertThat(findings()).containsExactly(Kind.UNKNOWN_ORDER);
    }

    @Test
    void secondOrderNewReplacesTheParametersAndIsReported() {
        apply(placed("A", 1), placed("A", 2));
        assertThat(order("A").orderQuantity()).isEqualTo(2);
        assertThat(order("A").createdNanos()).isEqualTo(10);
        assertThat(store.count()).isEqualTo(1);
        assertThat(findings()).containsExactly(Kind.DUPLICATE_ORDER);
    }

    @Test
    void invalidQuantitiesAreIgnoredAndReported() {
        apply(placed("A", Double.NaN), fill("A", Double.NaN), fill("A", -1), fill("A", 0), fill("A", 1.0 / 0));
        assertThat(order("A").orderQuantity()).isNull();
        assertThat(order("A").executedQuantity()).isZero();
        assertThat(findings()).hasSize(5).containsOnly(Kind.BAD_QUANTITY);
    }

    @Test
    void priceThatIsNotFiniteIsReported() {
        apply(
                OrderNew.limit("A", "S", Side.SELL, 1, Double.NaN),
                OrderFill.of("A", "S", 1, Double.POSITIVE_INFINITY, 1));
        assertThat(order("A").limitPrice()).isNull();
        assertThat(order("A").executedQuantity()).isEqualTo(1);
        assertThat(findings()).containsExactly(Kind.BAD_PRICE, Kind.BAD_PRICE);
    }

    @Test
    void eventsWithoutAnIdAreIgnoredAndReported() {
        apply(placed("", 1), status("", "NEW"), fill("", 1), new OrderCancel("", "", 1));
        assertThat(store.count()).isZero();
        assertThat(findings()).hasSize(4).containsOnly(Kind.EMPTY_ID);
    }

    @Test
    void restoredOrderReplacesThePreviousState() {
        OrderState state = OrderState.builder("A").status("EXPIRED").build();
        apply(placed("A", 1), placed("B", 1), new OrderRestored(state));
        assertThat(store.orders()).first().isEqualTo(state);
        assertThat(store.terminalCount()).isEqualTo(1);
        assertThat(store.pendingCount()).isEqualTo(1);
    }

    @Test
    void checkpointChangesNothingButTheSequence() {
        apply(placed("A", 1), new Checkpoint(1, 1, 0));
        assertThat(store.count()).isEqualTo(1);
        assertThat(store.appliedSequence()).isEqualTo(2);
    }

    @Test
    void recordThatWasAlreadyAppliedIsRejected() {
        apply(placed("A", 1));
        assertThatThrownBy(() -> store.apply(1, 1, fill("A", 1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("record 1 applied after 1, expected a later one");
        assertThat(order("A").executedQuantity()).isZero();
    }

    @Test
    void findingsAreBoundedAndCounted() {
        List<OrderFinding> received = new ArrayList<>();
        OrderStore listened = OrderStore.builder().onFinding(received::add).build();
        for (int i = 1; i <= 1500; i++) {
            listened.apply(i, i, fill("", 1));
        }
        assertThat(listened.findings())
                .hasSize(OrderStore.FINDINGS_KEPT)
                .last()
                .extracting(OrderFinding::sequence)
                .isEqualTo(1500L);
        assertThat(listened.findingCounts()).containsEntry(Kind.EMPTY_ID, 1500L);
        assertThat(received)
                .hasSize(1500)
                .last()
                .extracting(OrderFinding::sequence)
                .isEqualTo(1500L);
    }

    @Test
    void listenerThatThrowsLeavesTheEventApplied() {
        OrderStore listened = OrderStore.builder()
                .onFinding(finding -> {
                    throw new IllegalStateException("listener");
                })
                .build();
        assertThatThrownBy(() -> listened.apply(1, 1, fill("A", 1))).hasMessage("listener");
        assertThat(listened.appliedSequence()).isEqualTo(1);
        assertThat(listened.get("A").orElseThrow().executedQuantity()).isEqualTo(1);
        listened.apply(2, 2, placed("A", 1));
        assertThat(listened.get("A").orElseThrow().status()).isEqualTo("FILLED");
    }

    @Test
    void readersSeeWholeEventsWhileOneThreadApplies() throws Exception {
        ExecutorService reader = Executors.newSingleThreadExecutor();
        CountDownLatch started = new CountDownLatch(1);
        try {
            apply(placed("A", 1e9));
            Future<Long> reading = reader.submit(() -> {
                started.countDown();
                long seen = 0;
                while (seen < 2000) {
                    OrderSnapshot snapshot = store.snapshot();
                    OrderState state = snapshot.orders().get(0);
                    assertThat(state.executedQuantity()).isEqualTo(snapshot.coveredSequence() - 1.0);
                    assertThat(state.tradeIds()).hasSize((int) snapshot.coveredSequence() - 1);
                    seen = snapshot.coveredSequence() - 1;
                }
                return seen;
            });
            started.await();
            for (int i = 0; i < 2000; i++) {
                apply(fill("A", 1).withTradeId("t" + i));
            }
            assertThat(reading.get(30, TimeUnit.SECONDS)).isEqualTo(2000L);
        } finally {
            reader.shutdownNow();
        }
    }

    /** Quantities of all magnitudes, each split into fills with exactly this decimal sum. */
    @Test
    void exactlyFilledOrdersOfAnyQuantityAreFilled() {
        Random random = new Random(7);
        for (int i = 0; i < 500; i++) {
            String id = "order-" + i;
            int decimals = random.nextInt(9);
            BigDecimal left = BigDecimal.valueOf(1 + random.nextInt(1_000_000_000), decimals)
                    .multiply(BigDecimal.TEN.pow(random.nextInt(4)));
            apply(placed(id, left.doubleValue()));
            for (int fills = random.nextInt(200); fills > 0 && left.signum() > 0; fills--) {
                BigDecimal part =
                        left.multiply(BigDecimal.valueOf(random.nextDouble())).setScale(decimals, RoundingMode.DOWN);
                if (part.signum() > 0) {
                    left = left.subtract(part);
                    apply(fill(id, part.doubleValue()));
                }
            }
            if (left.signum() > 0) {
                assertThat(order(id).terminal()).as(id).isFalse();
                apply(fill(id, left.doubleValue()));
            }
            assertThat(order(id).status()).as(id).isEqualTo("FILLED");
        }
        assertThat(store.pendingCount()).isZero();
        assertThat(findings()).isEmpty();
    }

    /** The relative error of the sum of a million times 0.1 is 1e-11. */
    @Test
    void sumOfAMillionFillsIsComplete() {
        apply(placed("A", 100_000));
        for (int i = 0; i < 1_000_000; i++) {
            sequence++;
            store.apply(sequence, 1, fill("A", 0.1).withTradeId(Integer.toString(i)));
        }
        verify("A", "FILLED");
    }

    @Test
    void orderThatLacksOneUnitOfTenBillionIsNotFilled() {
        apply(placed("A", 1e10), fill("A", 1e10 - 1));
        verify("A", "PARTIALLY_FILLED");
        apply(fill("A", 2));
        verify("A", "FILLED", Kind.OVERFILL);
    }

    @ParameterizedTest
    @ValueSource(doubles = {-37.63, 0.0, -0.0, 1e-9, 5})
    void anyFiniteLimitIsKept(double limit) {
        apply(OrderNew.limit("A", "CL", Side.SELL, 1, limit));
        assertThat(order("A").limitPrice()).isEqualTo(limit);
        assertThat(findings()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"NEW", "Accepted", "pending_new", "live"})
    void lateAcknowledgementDoesNotResetAPartiallyFilledOrder(String late) {
        apply(placed("A", 2), fill("A", 1), new OrderUpdate("A", "V", late, "", 5));
        verify("A", "PARTIALLY_FILLED");
        assertThat(order("A").venueOrderId()).isEqualTo("V");
    }

    @Test
    void unknownStatusMayFollowAndPrecedeAnyStatus() {
        apply(placed("A", 2), status("A", "NEW"), status("A", "PENDING_CANCEL"));
        verify("A", "PENDING_CANCEL");
        apply(status("A", "NEW"));
        verify("A", "NEW");
    }

    @ParameterizedTest
    @CsvSource({
        "Canceled, CANCELED",
        "cancelled, CANCELED",
        "PartiallyFilledCanceled, CANCELED",
        "mmp_canceled, CANCELED",
        "EXPIRED_IN_MATCH, EXPIRED",
        "Expired, EXPIRED",
        "Rejected, REJECTED",
        "filled, FILLED"
    })
    void terminalStatusIsKnownInAnySpelling(String received, String status) {
        apply(placed("A", 1), status("A", received));
        verify("A", status);
        assertThat(order("A").rawStatus()).isEqualTo(received);
        assertThat(order("A").terminal()).isTrue();
        assertThat(store.pendingCount()).isZero();
        OrderStore raw = OrderStore.builder().normaliseStatus(false).build();
        raw.apply(1, 1, placed("A", 1));
        raw.apply(2, 2, status("A", received));
        assertThat(raw.get("A").orElseThrow().status()).isEqualTo(received);
        assertThat(raw.pendingCount()).isZero();
    }

    @Test
    void statusWordsOfAVenueAreConfigurable() {
        OrderStore venue = OrderStore.builder()
                .statusWords(Map.of("closed", "FILLED", "Halted", "CANCELED"))
                .build();
        venue.apply(1, 1, placed("A", 1));
        venue.apply(2, 2, status("A", "CLOSED"));
        assertThat(venue.get("A").orElseThrow().status()).isEqualTo("FILLED");
        assertThatThrownBy(() -> OrderStore.builder()
                        .statusWords(Map.of("closed", "DONE"))
                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("closed=DONE: expected one of");
    }

    @Test
    void reusedIdOfAnEndedOrderIsANewPendingOrder() {
        apply(placed("A", 1), fill("A", 1).withTradeId("t1"), placed("A", 3));
        verify("A", "", Kind.REUSED_ID);
        assertThat(order("A").executedQuantity()).isZero();
        assertThat(order("A").createdNanos()).isEqualTo(30);
        assertThat(store.pendingCount()).isEqualTo(1);
        // A trade of the first order, delivered again.
        apply(fill("A", 1).withTradeId("t1"));
        verify("A", "", Kind.REUSED_ID, Kind.DUPLICATE_TRADE);
    }

    @Test
    void fillOfAnotherSymbolCountsAndDoesNotChangeTheSymbol() {
        apply(placed("A", 2), OrderFill.of("A", "ETHUSDT", 1, 100, 5));
        verify("A", "PARTIALLY_FILLED", Kind.OTHER_SYMBOL);
        assertThat(order("A").symbol()).isEqualTo("BTCUSDT");
        assertThat(order("A").executedQuantity()).isEqualTo(1);
    }

    @Test
    void rejectionOfAnOrderWithFillsIsAFinding() {
        apply(placed("A", 2), fill("A", 1), status("A", "REJECTED"));
        verify("A", "REJECTED", Kind.ILLEGAL_TRANSITION);
    }

    @Test
    void nullIsRejectedWithTheNameOfTheField() {
        assertThatThrownBy(() -> new OrderNew(null, "S", Side.BUY, null, null, 1, null, false, false))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("clientOrderId is null");
        assertThatThrownBy(() -> OrderNew.market("A", "S", null, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("side is null");
        assertThatThrownBy(() -> new Checkpoint(-1, 0, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("coveredSequence is -1, expected 0 or more");
        assertThatThrownBy(() -> store.apply(1, 1, null)).isInstanceOf(IllegalArgumentException.class);
    }
}
