package io.veloz.wal.orders;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Random events and states with special numbers, invalid UTF-8 and long texts. Deterministic for a seed. */
final class AnyOrders {
    private static final double[] ODD = {
        0.0,
        -0.0,
        Double.NaN,
        Double.POSITIVE_INFINITY,
        Double.MIN_VALUE,
        Double.longBitsToDouble(0x7FF8000000001234L),
        1e300
    };
    private static final String[] STATUSES = {"", "ACCEPTED", "FILLED", "CANCELLED", "REJECTED", "EXPIRED", "x"};

    private final Random random;

    AnyOrders(long seed) {
        random = new Random(seed);
    }

    OrderEvent event() {
        return switch (random.nextInt(6)) {
            case 0 ->
                new OrderNew(
                        id(),
                        text(),
                        any(Side.values()),
                        maybe(OrderType.values()),
                        maybe(TimeInForce.values()),
                        number(),
                        random.nextBoolean() ? number() : null,
                        random.nextBoolean(),
                        random.nextBoolean());
            case 1 ->
                new OrderUpdate(id(), text(), STATUSES[random.nextInt(STATUSES.length)], text(), random.nextLong());
            case 2 -> new OrderFill(id(), text(), number(), number(), random.nextLong(), id(), number(), text());
            case 3 -> new OrderCancel(id(), text(), random.nextLong());
            case 4 -> new Checkpoint(random.nextLong() >>> 1, random.nextLong() >>> 1, random.nextInt());
            default -> new OrderRestored(state());
        };
    }

    private OrderState state() {
        List<String> trades = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            trades.add(text());
        }
        return OrderState.builder(id())
                .symbol(text())
                .side(maybe(Side.values()))
                .type(maybe(OrderType.values()))
                .timeInForce(maybe(TimeInForce.values()))
                .reduceOnly(random.nextBoolean())
                .postOnly(random.nextBoolean())
                .orderQuantity(random.nextBoolean() ? number() : null)
                .limitPrice(random.nextBoolean() ? number() : null)
                .executedQuantity(number())
                .averagePrice(number())
                .venueOrderId(text())
                .status(STATUSES[random.nextInt(STATUSES.length)])
                .rawStatus(text())
                .reason(text())
                .lastEventNanos(random.nextLong())
                .createdNanos(random.nextLong())
                .updatedNanos(random.nextLong())
                .tradeIds(trades)
                .build();
    }

    private String id() {
        return random.nextInt(10) == 0 ? text() : "id" + random.nextInt(8);
    }

    private String text() {
        byte[] bytes = new byte[random.nextInt(50) == 0 ? 5000 : random.nextInt(12)];
        random.nextBytes(bytes);
        return OrderText.decode(bytes, 0, bytes.length);
    }

    private double number() {
        return random.nextInt(4) == 0 ? ODD[random.nextInt(ODD.length)] : Math.abs(random.nextGaussian());
    }

    private <T> T any(T[] values) {
        return values[random.nextInt(values.length)];
    }

    private <T> T maybe(T[] values) {
        return random.nextInt(4) == 0 ? null : any(values);
    }
}
