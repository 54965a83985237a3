// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static devices.pcie.fabric.ConfigLayout.DEVICE_CONTROL;

import iommu.api.pcie.RequesterId;

/** The enables that let an error through as a system error, in words: all of them were set. */
final class OpenGates {

    private OpenGates() { }

    /**
     * Returns them, from the function that detected the error to the root port's.
     *
     * @param unsupported whether the enable of unsupported requests was asked too
     */
    static String words(FabricFunction agent, FabricFunction port, ErrorSeverity severity,
            boolean unsupported) {
        var words = new StringBuilder();
        if (agent != port) {
            words.append(RequesterId.format(agent.requesterId())).append(": ");
        }
        ConfigSpace c = agent.config();
        boolean own = severity.isSetIn(c.read(c.express() + DEVICE_CONTROL, 2));
        words.append(c.errorReporting() == 0 ? "" : "AER mask, ")
                .append(unsupported ? "UR reporting, " : "")
                .append(own ? severity.words() + " reporting" : "SERR#");
        for (FabricFunction b = agent; b != port;) {
            b = b.bridge();
            words.append(", SERR# of bridge ").append(RequesterId.format(b.requesterId()));
        }
        return words.append(", system error on ").append(severity.words()).append(" error")
                .toString();
    }
}
