package io.veloz.wal.engine;

/** The engine does not accept new orders now. The order was neither logged nor sent. Retry when the engine is ready. */
public final class TradingStoppedException extends RuntimeException {
    TradingStoppedException(String message) {
        super(message);
    }
}
