package io.veloz.wal.ops;

import io.veloz.wal.WalFencedException;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.archive.ShipperListener;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * An event of a shipper. Immutable.
 *
 * @param name name in the JSON output
 * @param text description in the text output
 * @param isWarning whether the text output prints it as a warning
 */
record ShipEvent(String name, String text, boolean isWarning) {
    /** Returns a listener that passes all events to a consumer, on the thread that ships. */
    static ShipperListener to(Consumer<ShipEvent> events) {
        return new ShipperListener() {
            @Override
            public void onEpochAcquired(long epoch) {
                events.accept(new ShipEvent("in_office", "acquired epoch " + epoch, false));
            }

            @Override
            public void onTrouble(String error) {
                events.accept(new ShipEvent("trouble", error + "; retrying", true));
            }

            @Override
            public void onTroubleEnded() {
                events.accept(new ShipEvent("trouble_ended", "shipping continues", true));
            }

            @Override
            public void onLagging(Duration lag) {
                events.accept(new ShipEvent("lagging", "the archive is " + lag.toSeconds() + " s behind", true));
            }

            @Override
            public void onLaggingEnded() {
                events.accept(new ShipEvent("lagging_ended", "the archive has caught up", true));
            }

            @Override
            public void onGap(long firstSequence, long lastSequence) {
                String text = "records " + Units.range(firstSequence, lastSequence)
                        + " were trimmed before they were archived; the archive declares the gap";
                events.accept(new ShipEvent("gap", text, true));
            }

            @Override
            public void onFenced(WalFencedException fenced) {
                events.accept(new ShipEvent("fenced", "", false));
            }

            @Override
            public void onRefused(WalShippingRefusedException refused) {
                events.accept(new ShipEvent("refused", "", false));
            }
        };
    }
}
