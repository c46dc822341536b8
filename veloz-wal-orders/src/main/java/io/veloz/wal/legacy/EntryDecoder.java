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
 * Decodes payloads, and infers the type of a payload, because no checksum covers the type in the header. Stateless.
 *
 * <p>A payload matches a type <i>exactly</i> if its last field ends where the payload ends. It is <i>plausible</i> if the
 * engine could have written its values. For example, an 8-letter status without a reason has the length of the two numbers
 * of a fill, but not plausible values.
 */
final class EntryDecoder {
    private static final OrderType[] TYPES = {OrderType.MARKET, OrderType.LIMIT};
    private static final TimeInForce[] TIMES_IN_FORCE = {
        TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK, TimeInForce.GTX
    };
    /** 2000-01-01 and 2100-01-01. */
    static final long FIRST_PLAUSIBLE_NANOS = 946_684_800_000_000_000L;

    static final long LAST_PLAUSIBLE_NANOS = 4_102_444_800_000_000_000L;
    private static final double SMALLEST_PLAUSIBLE = 1e-18;
    private static final double LARGEST_PLAUSIBLE = 1e15;

    private static final int UNREADABLE = 0;

    private EntryDecoder() {}

    /** How well a payload matches a type. */
    private enum Match {
        NONE,
        /** All fields are present, followed by more bytes, which a later version of the engine may have added. */
        LONGER,
        EXACT,
        PLAUSIBLE
    }

    /** One order inside a checkpoint entry, with its fields as written. */
    record CheckpointOrder(
            String clientOrderId,
            String symbol,
            String side,
            int hasQuantity,
            double quantity,
            int hasLimit,
            double limit,
            double executed,
            double average,
            String venueOrderId,
            String status,
            String reason,
            long lastNanos,
            long createdNanos) {

        static CheckpointOrder read(PayloadFields in) {
            return new CheckpointOrder(
                    in.text(), in.text(), in.text(), in.u8(), in.f64(), in.u8(), in.f64(), in.f64(), in.f64(),
                    in.text(), in.text(), in.text(), in.i64(), in.i64());
        }
    }

    /** Returns the actual type of the payload, or 0 if it cannot be determined. */
    static int typeOf(LegacyFile file, EntryHeader entry) {
        Match declared = match(file, entry, entry.type());
        if (declared == Match.PLAUSIBLE) {
            return entry.type();
        }
        int other = UNREADABLE;
        int others = 0;
        for (int type = EntryHeader.ORDER_NEW; type <= EntryHeader.ROTATION; type++) {
            if (type != entry.type() && match(file, entry, type) == Match.PLAUSIBLE) {
                other = type;
                others++;
            }
        }
        if (others == 1) {
            return other;
        }
        boolean readable =
                declared == Match.EXACT || (declared == Match.LONGER && entry.type() != EntryHeader.ROTATION);
        return others == 0 && readable ? entry.type() : UNREADABLE;
    }

    private static Match match(LegacyFile file, EntryHeader entry, int type) {
        PayloadFields in = new PayloadFields(file, entry);
        boolean plausible = switch (type) {
            case EntryHeader.ORDER_NEW -> isPlausibleNew(in);
            case EntryHeader.ORDER_UPDATE -> isPlausibleUpdate(in);
            case EntryHeader.ORDER_FILL -> isPlausibleFill(in);
            case EntryHeader.ORDER_CANCEL -> isPlausibleCancel(in);
            case EntryHeader.CHECKPOINT -> isPlausibleCheckpoint(in);
            case EntryHeader.ROTATION -> true;
            default -> false;
        };
        if (type < EntryHeader.ORDER_NEW || type > EntryHeader.ROTATION || !in.complete()) {
            return Match.NONE;
        }
        if (in.remaining() > 0) {
            return Match.LONGER;
        }
        return plausible ? Match.PLAUSIBLE : Match.EXACT;
    }

    /** A method instead of {@code &&}, because every field must be read to get to the next, plausible or not. */
    private static boolean all(boolean... plausible) {
        for (boolean one : plausible) {
            if (!one) {
                return false;
            }
        }
        return true;
    }

    private static boolean isPlausibleNew(PayloadFields in) {
        return all(
                isPlausibleId(in.text()),
                isPlausibleText(in.text()),
                in.u8() <= 1,
                in.u8() <= 1,
                in.u8() <= 3,
                isPlausibleQuantity(in.f64()),
                in.u8() <= 1,
                isPlausiblePrice(in.f64()));
    }

    private static boolean isPlausibleUpdate(PayloadFields in) {
        return all(
                isPlausibleId(in.text()),
                isPlausibleText(in.text()),
                isPlausibleStatus(in.text()),
                isPlausibleText(in.text()),
                isPlausibleTime(in.i64()));
    }

    private static boolean isPlausibleFill(PayloadFields in) {
        return all(
                isPlausibleId(in.text()),
                isPlausibleText(in.text()),
                isPlausibleQuantity(in.f64()),
                isPlausiblePrice(in.f64()),
                isPlausibleTime(in.i64()));
    }

    private static boolean isPlausibleCancel(PayloadFields in) {
        return all(isPlausibleId(in.text()), isPlausibleText(in.text()), isPlausibleTime(in.i64()));
    }

    private static boolean isPlausibleCheckpoint(PayloadFields in) {
        long count = in.u32();
        boolean plausible = true;
        for (long i = 0; i < count && in.complete(); i++) {
            CheckpointOrder order = CheckpointOrder.read(in);
            plausible &= order.hasQuantity() <= 1 && order.hasLimit() <= 1;
        }
        return plausible;
    }

    private static boolean isPlausibleId(String text) {
        return !text.isEmpty() && isPlausibleText(text);
    }

    private static boolean isPlausibleText(String text) {
        return text.chars().noneMatch(c -> c < ' ' || Character.isSurrogate((char) c));
    }

    private static boolean isPlausibleStatus(String text) {
        return text.chars().allMatch(c -> c == '_' || (c < 0x80 && Character.isLetter(c)));
    }

    private static boolean isPlausibleTime(long nanos) {
        return nanos == 0 || (nanos >= FIRST_PLAUSIBLE_NANOS && nanos <= LAST_PLAUSIBLE_NANOS);
    }

    private static boolean isPlausibleQuantity(double value) {
        return value == 0 || (value >= SMALLEST_PLAUSIBLE && value <= LARGEST_PLAUSIBLE);
    }

    private static boolean isPlausiblePrice(double value) {
        return isPlausibleQuantity(Math.abs(value));
    }

    /** Returns the event of an OrderNew, OrderUpdate, OrderFill or OrderCancel entry; null for the other types. */
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
