package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.DirectoryState;
import io.veloz.wal.archive.internal.ship.ModelWorld.Budget;
import java.util.ArrayList;
import java.util.List;

/** A {@link ModelWorld} with standbys. Writer 0 is the primary, and every other writer is that of a standby. */
final class FollowWorld {
    /** The next request of a standby. */
    enum Phase {
        /** Read the next slot. */
        GET,
        /** List the slots, as the next one does not exist. */
        LIST,
        /** Read the next slot again, as later ones exist. */
        AGAIN
    }

    /** What a standby has applied: the chain up to a slot. It is durable. */
    static final class Standby {
        final int writer;
        long place;
        String sha256 = Digest.NONE;
        Phase phase = Phase.GET;

        /** The epoch that its promotion replaces; 0 if none has begun. */
        long over;

        /** The digest of the EPOCH slot that it has acquired; empty if it has none. */
        String epoch = "";

        /** The highest number with which its EPOCH was put. It is durable. */
        long put;

        boolean isOpen;
        boolean isLost;

        /** Whether it follows again after its promotion was lost. */
        boolean followsAgain;

        Standby(int writer) {
            this.writer = writer;
        }

        Standby copy() {
            Standby copy = new Standby(writer);
            copy.place = place;
            copy.sha256 = sha256;
            copy.phase = phase;
            copy.over = over;
            copy.epoch = epoch;
            copy.put = put;
            copy.followsAgain = followsAgain;
            copy.isOpen = isOpen;
            copy.isLost = isLost;
            return copy;
        }

        List<Object> key() {
            return List.of(place, sha256, phase, over, epoch, put, isOpen, isLost, followsAgain);
        }
    }

    final ModelWorld base;
    final List<Standby> standbys;

    /** How often an operator may run a promotion again over another epoch. */
    int otherDecisions;

    private FollowWorld(ModelWorld base, List<Standby> standbys) {
        this.base = base;
        this.standbys = standbys;
    }

    /** Returns a primary that puts the slots of a script, and standbys that follow it. */
    static FollowWorld of(Budget budget, String script, int standbys) {
        String[] scripts = new String[1 + standbys];
        java.util.Arrays.fill(scripts, "");
        scripts[0] = script;
        ModelWorld base = ModelWorld.of(budget, scripts);
        List<Standby> followers = new ArrayList<>();
        for (int i = 1; i <= standbys; i++) {
            base.directories.add(DirectoryState.initial(("c" + i).repeat(16)));
            followers.add(new Standby(i));
        }
        return new FollowWorld(base, followers);
    }

    FollowWorld copy() {
        List<Standby> copies = new ArrayList<>();
        standbys.forEach(standby -> copies.add(standby.copy()));
        FollowWorld copy = new FollowWorld(base.copy(), copies);
        copy.otherDecisions = otherDecisions;
        return copy;
    }

    List<Object> key() {
        List<Object> key = base.key();
        standbys.forEach(standby -> key.add(standby.key()));
        key.add(otherDecisions);
        return key;
    }
}
