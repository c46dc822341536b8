package io.veloz.wal.engine;

import io.veloz.wal.WalException;
import io.veloz.wal.orders.OrderFill;
import io.veloz.wal.orders.OrderNew;
import io.veloz.wal.orders.Side;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Places orders at a rate, for demonstrations: each is accepted, and every second one is filled. It uses one thread. */
final class OrderGenerator implements AutoCloseable {
    private final OrderEngine engine;
    private final long firstNumber;
    private final ScheduledThreadPoolExecutor thread;
    private long placed;

    /**
     * Starts to place orders.
     *
     * @param firstNumber a number that is higher than those of all earlier orders; the sequence of the log is
     */
    OrderGenerator(OrderEngine engine, long firstNumber, int perSecond) {
        this.engine = engine;
        this.firstNumber = firstNumber;
        this.thread = new ScheduledThreadPoolExecutor(1, task -> {
            Thread worker = new Thread(task, "order-generator");
            worker.setDaemon(true);
            return worker;
        });
        var unused = thread.scheduleAtFixedRate(
                this::placeOne, 0, TimeUnit.SECONDS.toNanos(1) / perSecond, TimeUnit.NANOSECONDS);
    }

    private void placeOne() {
        long number = firstNumber + placed;
        String id = "generated-" + number;
        try {
            engine.place(OrderNew.limit(id, "BTCUSDT", Side.BUY, 0.5, 50_000.0 + number % 100));
            placed++;
            engine.accepted(id, "V-" + number, 0);
            if (number % 2 == 0) {
                engine.filled(OrderFill.of(id, "BTCUSDT", 0.5, 50_000.0, 0).withTradeId("T-" + number));
            }
        } catch (TradingStoppedException | WalException e) {
            // The health endpoint of the engine has the reason. The next period tries again.
            return;
        }
    }

    /** Returns after the order that is being placed. */
    @Override
    public void close() {
        thread.shutdown();
        try {
            thread.awaitTermination(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
