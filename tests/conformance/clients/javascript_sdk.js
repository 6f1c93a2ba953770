// The life of an order through @alpacahq/alpaca-trade-api, told as JSON; run as `node javascript_sdk.js URL KEY SECRET`.
const { trading, marketData, ApiError } = require("@alpacahq/alpaca-trade-api");

const [url, keyId, secret] = process.argv.slice(2);
const told = {};
const login = (Configuration, keys) => new Configuration({ basePath: url, timeoutMs: 0, ...keys });
const config = login(trading.Configuration, { keyId, secret });
const orders = new trading.OrdersApi(config);
const positions = new trading.PositionsApi(config);

const advance = () => fetch(`${url}/_sim/advance`, { method: "POST", body: JSON.stringify({ to: "close" }) });

async function refusal(call) {
  try {
    await call();
  } catch (error) {
    if (error instanceof ApiError) return [error.status, error.code ?? null, error.message];
    throw error;
  }
  return "taken";
}

async function listed(nested = false, status = "open") {
  const found = await orders.getAllOrders({ status, nested });
  return found.map((order) => [order.type, order.status, (order.legs ?? []).length]);
}

async function main() {
  const account = await new trading.AccountsApi(config).getAccount();
  told["account"] = [account.status, account.equity, account.multiplier];
  told["clock"] = (await new trading.ClockApi(config).legacyClock()).isOpen;
  const pair = await orders.postOrder({
    postOrderRequest: {
      symbol: "AAPL",
      qty: "10",
      side: "buy",
      type: "limit",
      timeInForce: "gtc",
      limitPrice: "100",
      orderClass: "oto",
      stopLoss: { stopPrice: "92" },
      clientOrderId: "pair-1",
    },
  });
  const leg = pair.legs[0];
  told["pair"] = [pair.status, pair.orderClass, leg.status, leg.type, Number(leg.stopPrice)];
  told["open"] = await listed();
  told["nested"] = await listed(true);
  await advance();
  told["filled"] = (await orders.getOrderByClientOrderId({ clientOrderId: "pair-1" })).status;
  const [position] = await positions.getAllOpenPositions();
  told["position"] = [position.symbol, position.qty, position.qtyAvailable, Number(position.avgEntryPrice)];
  told["resting"] = await listed();
  const again = { symbol: "AAPL", qty: "1", side: "sell", type: "stop", timeInForce: "gtc", stopPrice: "90" };
  told["second stop"] = await refusal(() => orders.postOrder({ postOrderRequest: again }));
  const change = (orderId, patchOrderRequest) => orders.patchOrderByOrderId({ orderId, patchOrderRequest });
  const raised = await change(leg.id, { stopPrice: "95" });
  told["raised"] = [raised.status, Number(raised.stopPrice), raised.replaces === leg.id];
  told["old stop"] = (await orders.getOrderByOrderID({ orderId: leg.id })).status;
  told["same price"] = await refusal(() => change(raised.id, { stopPrice: "95" }));
  told["quantity of a leg"] = await refusal(() => change(raised.id, { qty: "5" }));
  const unknown = { orderId: "00000000-0000-4000-8000-000000000000" };
  told["unknown order"] = await refusal(() => orders.getOrderByOrderID(unknown));
  const stranger = new trading.AccountsApi(login(trading.Configuration, { keyId: "no", secret: "no" }));
  told["wrong keys"] = await refusal(() => stranger.getAccount());
  await orders.deleteOrderByOrderID({ orderId: raised.id });
  told["cancelled"] = (await orders.getOrderByOrderID({ orderId: raised.id })).status;
  told["left open"] = await listed();
  told["closing"] = (await positions.deleteOpenPosition({ symbolOrAssetId: "AAPL" })).status;
  await advance();
  told["positions"] = (await positions.getAllOpenPositions()).length;
  told["no position"] = await refusal(() => positions.getOpenPosition({ symbolOrAssetId: "AAPL" }));
  const activities = new trading.AccountActivitiesApi(config);
  // Raw: of the two shapes an activity may have, this client takes the first, and loses what makes a fill.
  const { raw } = await activities.getAccountActivitiesByActivityTypeRaw({ activityType: "FILL", pageSize: 100 });
  const fills = await raw.json();
  told["fills"] = fills.map((fill) => [fill.side, Number(fill.price)]);
  const stocks = new marketData.StockApi(login(marketData.Configuration, { keyId, secret }));
  const day = { symbols: "AAPL", timeframe: "1Day", start: new Date("2026-02-26T00:00:00Z") };
  told["bars"] = (await stocks.stockBars(day)).bars.AAPL.map((bar) => bar.c);
  told["all"] = await listed(false, "all");
  console.log(JSON.stringify(told));
}

main();
