package io.veloz.wal.legacy;

import io.veloz.wal.orders.OrderCancel;
import io.veloz.wal.orders.OrderEvent;
import io.veloz.wal.orders.OrderFill;
import io.veloz.wal.orders.OrderNew;
import io.veloz.wal.orders.OrderType;
import io.veloz.wal.orders.OrderUpdate;
import io.veloz.wal.orders.Side;
import io.veloz.wal.orders.TimeInForce;
import org.jspecify.annotations.Nullable;

/**
 * Payload to event, and the proof of which type a payload has: the type in the header is covered by no checksum. Stateless.
 *
 * <p>A payload <i>fits</i> a type exactly if its fields end where it ends, and is <i>sensible</i> if the engine could have
 * meant it. An 8-letter status without a reason, for example, has the length of a fill's two numbers, but these numbers
 * make no sense.
 */
final class EntryDecoder {
    private static final OrderType[] TYPES = {OrderType.MARKET, OrderType.LIMIT};
    private static final TimeInForce[] TIMES_IN_FORCE = {
        TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK, TimeInForce.GTX
    };
    /** 2000-01-01 and 2100-01-01. */
    static final long FIRST_SENSIBLE_NANOS = 946_684_800_000_000_000L;

    static final long LAST_SENSIBLE_NANOS = 4_102_444_800_000_000_000L;
    private static final double SMALLEST_SENSIBLE = 1e-18;
    private static final double LARGEST_SENSIBLE = 1e15;

    private static final int UNREADABLE = 0;

    private EntryDecoder() {}

    /** How well a payload reads as one type. */
    private enum Fit {
        NONE,
        /** All fields are there, and more bytes behind them: room that a later writer may have used. */
        LONGER,
        EXACT,
        SENSIBLE
    }

    /** The type that the payload really has, or 0 if that cannot be said. */
    static int typeOf(LegacyFile file, EntryHeader entry) {
        Fit declared = fit(file, entry, entry.type());
        if (declared == Fit.SENSIBLE) {
            return entry.type();
        }
        int other = UNREADABLE;
        int others = 0;
        for (int type = EntryHeader.ORDER_NEW; type <= EntryHeader.ROTATION; type++) {
            if (type != entry.type() && fit(file, entry, type) == Fit.SENSIBLE) {
                other = type;
                others++;
            }
        }
        if (others == 1) {
            return other;
        }
        boolean readable = declared == Fit.EXACT || (declared == Fit.LONGER && entry.type() != EntryHeader.ROTATION);
        return others == 0 && readable ? entry.type() : UNREADABLE;
    }

    private static Fit fit(LegacyFile file, EntryHeader entry, int type) {
        PayloadFields in = new PayloadFields(file, entry);
        boolean sensible = switch (type) {
            case EntryHeader.ORDER_NEW -> isSensibleNew(in);
            case EntryHeader.ORDER_UPDATE -> isSensibleUpdate(in);
            case EntryHeader.ORDER_FILL -> isSensibleFill(in);
            case EntryHeader.ORDER_CANCEL -> isSensibleCancel(in);
            case EntryHeader.CHECKPOINT -> isSensibleCheckpoint(in);
            case EntryHeader.ROTATION -> true;
            default -> false;
        };
        if (type < EntryHeader.ORDER_NEW || type > EntryHeader.ROTATION || !in.complete()) {
            return Fit.NONE;
        }
        if (in.remaining() > 0) {
            return Fit.LONGER;
        }
        return sensible ? Fit.SENSIBLE : Fit.EXACT;
    }

    /** Arguments are all taken before they are judged: every field must be read, sensible or not, to get to the next. */
    private static boolean all(boolean... sensible) {
        for (boolean one : sensible) {
            if (!one) {
                return false;
            }
        }
        return true;
    }

    private static boolean isSensibleNew(PayloadFields in) {
        return all(
                isSensibleId(in.text()),
                isSensibleText(in.text()),
                in.u8() <= 1,
                in.u8() <= 1,
                in.u8() <= 3,
                isSensibleQuantity(in.f64()),
                in.u8() <= 1,
                isSensiblePrice(in.f64()));
    }

    private static boolean isSensibleUpdate(PayloadFields in) {
        return all(
                isSensibleId(in.text()),
                isSensibleText(in.text()),
                isSensibleStatus(in.text()),
                isSensibleText(in.text()),
                isSensibleTime(in.i64()));
    }

    private static boolean isSensibleFill(PayloadFields in) {
        return all(
                isSensibleId(in.text()),
                isSensibleText(in.text()),
                isSensibleQuantity(in.f64()),
                isSensiblePrice(in.f64()),
                isSensibleTime(in.i64()));
    }

    private static boolean isSensibleCancel(PayloadFields in) {
        return all(isSensibleId(in.text()), isSensibleText(in.text()), isSensibleTime(in.i64()));
    }

    private static boolean isSensibleCheckpoint(PayloadFields in) {
        long count = in.u32();
        boolean sensible = true;
        for (long i = 0; i < count && in.complete(); i++) {
            CheckpointOrder order = CheckpointOrder.read(in);
            sensible &= order.hasQuantity() <= 1 && order.hasLimit() <= 1;
        }
        return sensible;
    }

    private static boolean isSensibleId(String text) {
        return !text.isEmpty() && isSensibleText(text);
    }

    private static boolean isSensibleText(String text) {
        return text.chars().noneMatch(c -> c < ' ' || Character.isSurrogate((char) c));
    }

    private static boolean isSensibleStatus(String text) {
        return text.chars().allMatch(c -> c == '_' || (c < 0x80 && Character.isLetter(c)));
    }

    private static boolean isSensibleTime(long nanos) {
        return nanos == 0 || (nanos >= FIRST_SENSIBLE_NANOS && nanos <= LAST_SENSIBLE_NANOS);
    }

    private static boolean isSensibleQuantity(double value) {
        return value == 0 || (value >= SMALLEST_SENSIBLE && value <= LARGEST_SENSIBLE);
    }

    private static boolean isSensiblePrice(double value) {
        return isSensibleQuantity(Math.abs(value));
    }

    /** The event of a New, Update, Fill or Cancel; null for the other types. */
    static @Nullable OrderEvent event(LegacyFile file, EntryHeader entry, int type) {
        PayloadFields in = new PayloadFields(file, entry);
        return switch (type) {
            case EntryHeader.ORDER_NEW -> readNew(in);
            case EntryHeader.ORDER_UPDATE -> new OrderUpdate(in.text(), in.text(), in.text(), in.text(), in.i64());
            case EntryHeader.ORDER_FILL -> OrderFill.of(in.text(), in.text(), in.f64(), in.f64(), in.i64());
            case EntryHeader.ORDER_CANCEL -> new OrderCancel(in.text(), in.text(), in.i64());
            default -> null;
        };
    }

    private static OrderNew readNew(PayloadFields in) {
        String id = in.text();
        String symbol = in.text();
        Side side = in.u8() == 1 ? Side.SELL : Side.BUY;
        OrderType type = constant(TYPES, in.u8());
        TimeInForce timeInForce = constant(TIMES_IN_FORCE, in.u8());
        double quantity = in.f64();
        boolean hasLimit = in.u8() != 0;
        double limit = in.f64();
        return new OrderNew(
                id, symbol, side, type, timeInForce, quantity, hasLimit ? Double.valueOf(limit) : null, false, false);
    }

    private static <T> @Nullable T constant(T[] constants, int code) {
        return code < constants.length ? constants[code] : null;
    }
}
