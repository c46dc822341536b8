/** Programs that tests start as processes of their own. */
@NullMarked
package io.veloz.wal.child;

import org.jspecify.annotations.NullMarked;
