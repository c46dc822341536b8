package io.veloz.wal.engine;

/** No new order is taken at the moment; nothing was sent and nothing was logged. Try again when the engine is ready. */
public final class TradingStoppedException extends RuntimeException {
    TradingStoppedException(String message) {
        super(message);
    }
}
