// SPDX-License-Identifier: Apache-2.0

/** Tests of the engine, with the real rooms put together without a framework. */
package kdump.lab.engine;
