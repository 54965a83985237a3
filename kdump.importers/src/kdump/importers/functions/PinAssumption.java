// SPDX-License-Identifier: Apache-2.0
package kdump.importers.functions;

import iommu.api.pcie.Capabilities;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import java.util.ArrayList;
import java.util.List;

/**
 * What is assumed where a dump of config space shows no way of a function to interrupt anybody,
 * whose kind has one always: somebody has blanked it, or cut it off.
 */
public final class PinAssumption {

    private static final int PIN = 0x3d;
    private static final int INTA = 1;
    private static final int ENDPOINT = 0;
    private static final int VIRTUAL = 0xffff;
    private static final int STORAGE = 0x01;
    private static final int NETWORK = 0x02;
    private static final int WIRELESS = 0x0d;
    private static final int USB = 0x0c03;
    private static final int MOST_NAMED = 8;

    private PinAssumption() { }

    /** Returns the functions, of which silent ones have pin INTA#; says which, if any. */
    public static List<FunctionConfig> complete(List<FunctionConfig> functions,
            List<String> remarks) {
        var all = new ArrayList<FunctionConfig>();
        var silent = new ArrayList<String>();
        for (FunctionConfig function : functions) {
            if (interrupts(function.classCode()) && isSilent(function)) {
                byte[] config = function.config().clone();
                config[PIN] = INTA;
                all.add(new FunctionConfig(function.requesterId(), config));
                silent.add(RequesterId.format(function.requesterId()));
            } else {
                all.add(function);
            }
        }
        if (!silent.isEmpty()) {
            String more = silent.size() > MOST_NAMED
                    ? " and " + (silent.size() - MOST_NAMED) + " more" : "";
            remarks.add("Config space shows neither MSI nor a pin of " + String.join(", ",
                    silent.subList(0, Math.min(MOST_NAMED, silent.size()))) + more
                    + ", whose kind interrupts: taken to have pin INTA#.");
        }
        return all;
    }

    private static boolean interrupts(int classCode) {
        int base = classCode >>> 16;
        return base == STORAGE || base == NETWORK || base == WIRELESS || classCode >>> 8 == USB;
    }

    private static boolean isSilent(FunctionConfig function) {
        return function.headerType() == ENDPOINT && function.u16(0) != VIRTUAL
                && function.u8(PIN) == 0
                && Capabilities.find(function::read, Capabilities.MSI) == 0
                && Capabilities.find(function::read, Capabilities.MSI_X) == 0;
    }
}
