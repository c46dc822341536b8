package io.veloz.wal.ops;

import io.veloz.wal.orders.OrderCancel;
import io.veloz.wal.orders.OrderCodec;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * Makes codecs, and keeps the JVM from writing a notice about the codec's library into the middle of our messages: from
 * JDK 24 on it prints one at the first use of sun.misc.Unsafe, which no manifest can switch off.
 */
final class QuietCodec {
    private static final PrintStream NOWHERE =
            new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
    private static boolean loaded;

    private QuietCodec() {}

    static synchronized OrderCodec create() {
        if (loaded) {
            return new OrderCodec();
        }
        PrintStream err = System.err;
        System.setErr(NOWHERE);
        try {
            OrderCodec codec = new OrderCodec();
            codec.encode(new OrderCancel("", "", 0));
            loaded = true;
            return codec;
        } finally {
            System.setErr(err);
        }
    }
}
