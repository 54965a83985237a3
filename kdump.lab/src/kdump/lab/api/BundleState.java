// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api;

/**
 * One thing that a bundle offers to the lab, or would offer if it could.
 *
 * @param kind such as "policy" or "device model"; "bundle" where it cannot be told yet
 * @param name as users know it
 * @param bundle symbolic name of its bundle; of a file that is no bundle, the name of the file
 * @param version of its bundle; empty for a file that is no bundle
 * @param state whether it is in force
 * @param reason why it is not, one clause; empty if it is
 */
public record BundleState(String kind, String name, String bundle, String version, State state,
        String reason) {

    /** Whether something is in force. */
    public enum State {
        /** Runs that start now use it. */
        IN_FORCE("in force"),
        /** Another one of its name is in force. */
        SHADOWED("shadowed"),
        /** Its component waits for a reference or a configuration. */
        WAITING("waiting"),
        /** Its component does not activate. */
        FAILED("failed"),
        /** Its bundle needs what no other bundle has. */
        UNRESOLVED("unresolved"),
        /** Its bundle is not started. */
        STOPPED("stopped"),
        /** Its bundle runs, and offers nothing. */
        IDLE("idle"),
        /** It is a file that is no bundle, or code that does not come back. */
        BROKEN("broken");

        private final String word;

        State(String word) {
            this.word = word;
        }

        /** Returns it as people read it. */
        public String word() {
            return word;
        }
    }
}
