// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

/** The registers of one function that speak of errors, as far as it has them. One thread. */
final class ErrorRegisters {

    private final FabricFunction function;
    private final ErrorLog log;
    private final Containment containment;

    ErrorRegisters(FabricFunction function) {
        this.function = function;
        log = function.config().errorReporting() == 0 ? null : new ErrorLog(function.config());
        containment = Containment.of(function);
    }

    /** Returns the log of errors; null without Advanced Error Reporting. */
    ErrorLog log() {
        return log;
    }

    /** Returns Downstream Port Containment; null without. */
    Containment containment() {
        return containment;
    }

    /** Returns whether the link below is down because of an error. */
    boolean isContaining() {
        return containment != null && containment.isTriggered();
    }

    /**
     * Software has written config space. The pin of a port stays asserted for what it has not
     * cleared.
     *
     * @param value of the register at {@code offset}
     */
    void written(int offset, int bytes, int value) {
        if (log != null) {
            log.written(offset, bytes);
        }
        if (containment != null) {
            containment.written(offset, bytes, value);
        }
        if (function.isPort() && !ErrorReporting.isPending(function)
                && (containment == null || !containment.isPending())) {
            function.interrupts().lower();
        }
    }
}
